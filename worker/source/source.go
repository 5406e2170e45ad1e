package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"meanwhile/storage"
)

// Source reads a video as it was uploaded: the parts one after another, from any offset.
type Source struct {
	Filename  string
	SizeBytes int64
	Recorded  bool // in chunks, so that each beginning of it is of use

	//nolint:containedctx // a Source lives as long as the call that opened it, like an http.Request
	ctx     context.Context
	objects storage.Objects
	parts   []storage.Part
	// returns more parts from there, if parts has not all; may be nil
	find func(at int64) ([]storage.Part, error)
	// says what cannot be read, if that begins at this byte
	lost  func(at int64) string
	at    int64
	open  io.ReadCloser
	part  storage.Part // the open one
	local bool
}

// Local reports whether the parts are files on this machine, or as good as that: a read at any
// place costs no request.
func (s *Source) Local() (bool, error) {
	if _, err := s.partAt(0); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if len(s.parts) == 0 {
		return false, nil
	}
	first, err := s.openFrom(s.parts[0], 0)
	if err != nil {
		return false, err
	}
	_, s.local = first.(io.Seeker)
	return s.local, first.Close()
}

// Open returns the bytes of the main track, which a worker processes. NotFound before the upload is
// complete. The caller closes it.
func (o *Opener) Open(ctx context.Context, id storage.VideoID) (*Source, error) {
	return o.OpenTrack(ctx, id, storage.ScreenTrack)
}

// OpenTrack returns the bytes of a track of a recording. A file has only the main one. NotFound
// before the upload is complete, and for a track that does not exist. The caller closes it.
func (o *Opener) OpenTrack(ctx context.Context, id storage.VideoID, track string) (*Source, error) {
	u, err := o.store.UploadByVideo(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("find upload: %w", err)
	}
	if u.SealedAt == nil {
		return nil, storage.E(storage.NotFound, "The upload is not complete yet.", nil)
	}
	chunks, err := o.store.Chunks(ctx, u.ID, track)
	if err != nil {
		return nil, fmt.Errorf("list chunks: %w", err)
	}
	parts := storage.Contiguous(chunks)
	if len(parts) == 0 && track == storage.ScreenTrack {
		if parts, err = o.store.Parts(ctx, u.ID, storage.FileTrack); err != nil {
			return nil, fmt.Errorf("list parts: %w", err)
		}
	}
	if len(parts) == 0 && track != storage.ScreenTrack {
		return nil, storage.E(storage.NotFound, "There is nothing of this track.", nil)
	}
	s := &Source{Filename: u.Filename, Recorded: len(chunks) > 0, ctx: ctx, objects: o.objects, parts: parts}
	if n := len(parts); n > 0 {
		s.SizeBytes = parts[n-1].OffsetBytes + parts[n-1].SizeBytes
	}
	s.lost = func(at int64) string { return o.lost(ctx, u.ID, track, at, s.SizeBytes) }
	return s, nil
}

// partsAtOnce is how many rows Growing's source reads at a time.
const partsAtOnce = 16

// Growing is a recording's track up to its first gap. It reads the rows of the parts when they are
// needed.
func (o *Opener) Growing(ctx context.Context, u storage.Upload, track string) (*Source, error) {
	_, end, err := o.store.TrackEnd(ctx, u.ID, track)
	if err != nil {
		return nil, fmt.Errorf("find end of track: %w", err)
	}
	return &Source{
		Filename:  u.Filename,
		SizeBytes: end,
		Recorded:  true,
		ctx:       ctx,
		objects:   o.objects,
		find: func(at int64) ([]storage.Part, error) {
			return o.store.ChunksAt(ctx, u.ID, track, at, partsAtOnce)
		},
		lost: func(at int64) string { return o.lost(ctx, u.ID, track, at, end) },
	}, nil
}

// Read continues at the current offset, across parts. Damaged if a part is not as its row says.
func (s *Source) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if s.open == nil {
			if err := s.openPart(); err != nil {
				return 0, err
			}
		}
		n, err := s.open.Read(p[:min(int64(len(p)), s.part.End()-s.at)])
		s.at += int64(n)
		if errors.Is(err, io.EOF) || s.at == s.part.End() {
			err = s.endPart(err)
		}
		if err = s.told(err); n > 0 || err != nil {
			return n, err
		}
	}
}

// WriteTo writes the rest to w, a part at a time. Between files of one machine the bytes need not
// pass through this process.
func (s *Source) WriteTo(w io.Writer) (int64, error) {
	var written int64
	for {
		if err := s.ctx.Err(); err != nil {
			return written, err
		}
		if s.open == nil {
			err := s.openPart()
			if errors.Is(err, io.EOF) {
				return written, nil
			}
			if err != nil {
				return written, err
			}
		}
		n, err := io.Copy(w, s.open)
		s.at += n
		written += n
		if err == nil {
			err = s.endPart(nil)
		}
		if err != nil {
			return written, s.told(err)
		}
	}
}

// endPart closes the open part after its last byte. err is what its reader said there.
func (s *Source) endPart(err error) error {
	if s.at != s.part.End() && (err == nil || errors.Is(err, io.EOF)) {
		err = fmt.Errorf("part %d ends at byte %d: %w", s.part.N, s.at-s.part.OffsetBytes, storage.ErrDamaged)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, s.Close())
}

// told gives damage the sentence that says what is lost.
func (s *Source) told(err error) error {
	if !errors.Is(err, storage.ErrDamaged) {
		return err
	}
	return storage.E(storage.Damaged, s.lost(s.part.OffsetBytes), err)
}

func (s *Source) openPart() error {
	part, err := s.partAt(s.at)
	if err != nil {
		return err
	}
	from := s.at - part.OffsetBytes
	if s.local {
		from = 0 // only a whole object is seekable
	}
	r, err := s.openFrom(part, from)
	if err != nil {
		return err
	}
	s.open, s.part = r, part
	if s.local {
		_, err = s.Seek(s.at, io.SeekStart)
	}
	return err
}

func (s *Source) openFrom(part storage.Part, from int64) (io.ReadCloser, error) {
	r, err := storage.OpenStored(s.ctx, s.objects, part.Key, part.SizeBytes, from)
	if err != nil {
		s.part = part
		return nil, s.told(fmt.Errorf("open part %d: %w", part.N, err))
	}
	return r, nil
}

// partAt is the part with the byte at. io.EOF after the last part.
func (s *Source) partAt(at int64) (storage.Part, error) {
	if part, ok := partAmong(s.parts, at); ok || s.find == nil || at >= s.SizeBytes {
		if !ok {
			return storage.Part{}, io.EOF
		}
		return part, nil
	}
	parts, err := s.find(at)
	if err != nil {
		return storage.Part{}, fmt.Errorf("find part: %w", err)
	}
	s.parts = parts
	part, ok := partAmong(parts, at)
	if !ok {
		return storage.Part{}, storage.NoMedia(fmt.Errorf("the rows of the part at byte %d are gone", at))
	}
	return part, nil
}

func partAmong(parts []storage.Part, at int64) (storage.Part, bool) {
	i, found := slices.BinarySearchFunc(
		parts,
		at,
		func(p storage.Part, at int64) int { return cmp.Compare(p.OffsetBytes, at) },
	)
	if !found {
		i-- // at is inside the part before
	}
	if i < 0 || i >= len(parts) || at >= parts[i].End() {
		return storage.Part{}, false
	}
	return parts[i], true
}

// ReadAt reads len(p) bytes at offset, across parts. It moves the offset of the next Read.
func (s *Source) ReadAt(p []byte, offset int64) (int, error) {
	if _, err := s.Seek(offset, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(s, p)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}

// Offset is the offset of the next Read.
func (s *Source) Offset() int64 { return s.at }

// Seek moves to another offset, for http.ServeContent.
func (s *Source) Seek(offset int64, whence int) (int64, error) {
	offset, err := storage.SeekTo(s.at, s.SizeBytes, offset, whence)
	if err != nil {
		return 0, err
	}
	if within := offset - s.part.OffsetBytes; s.open != nil && s.local && within >= 0 && within < s.part.SizeBytes {
		//nolint:errcheck // local says that it can
		if _, err := s.open.(io.Seeker).Seek(within, io.SeekStart); err != nil {
			return 0, fmt.Errorf("seek in part %d: %w", s.part.N, err)
		}
	} else if err := s.Close(); err != nil {
		return 0, err
	}
	s.at = offset
	return offset, nil
}

// WriteRange writes a range of the source to w, a part at a time, as WriteTo does.
func (s *Source) WriteRange(w io.Writer, r storage.Range) error {
	if _, err := s.Seek(r.Start, io.SeekStart); err != nil {
		return err
	}
	for end := r.Start + r.Length; s.at < end; {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		if s.open == nil {
			if err := s.openPart(); err != nil {
				return err
			}
		}
		n, err := io.CopyN(w, s.open, min(end, s.part.End())-s.at)
		s.at += n
		if errors.Is(err, io.EOF) || s.at == s.part.End() {
			err = s.endPart(err)
		}
		if err != nil {
			return s.told(fmt.Errorf("copy from part %d: %w", s.part.N, err))
		}
	}
	return nil
}

// Close closes the open part. Reading may go on after it.
func (s *Source) Close() error {
	if s.open == nil {
		return nil
	}
	err := s.open.Close()
	s.open = nil
	return err
}
