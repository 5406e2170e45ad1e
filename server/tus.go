package server

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"

	"meanwhile/server/uploads"
	"meanwhile/storage"
)

// The protocol: https://tus.io/protocols/resumable-upload, version 1.0.0.
const (
	tusVersion    = "1.0.0"
	tusExtensions = "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination"
	tusAlgorithms = "sha1,sha256,md5"
	tusType       = "application/offset+octet-stream"
	tusPath       = "/api/v1/files/"
)

// tusHashes are the checksums that a client may send.
var tusHashes = map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "md5": md5.New}

var errTusMore = storage.E(storage.TooLarge, "More bytes came than this upload announced.", nil)

// statusMismatch is defined by tus: Checksum Mismatch.
const statusMismatch = 460

var errTusVersion = &statusError{
	status:  http.StatusPreconditionFailed,
	message: "This server speaks tus 1.0.0: send Tus-Resumable: 1.0.0.",
}

// tusFrame does what every tus request needs, errors included: the version, no caching, and the
// method for a client that cannot send it directly.
func (s *server) tusFrame(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, tusPath) {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Tus-Resumable", tusVersion)
		h.Set("Cache-Control", "no-store")
		if m := r.Header.Get("X-HTTP-Method-Override"); m != "" {
			r = r.Clone(r.Context())
			r.Method = strings.ToUpper(m)
		}
		if r.Method != http.MethodOptions && r.Header.Get("Tus-Resumable") != tusVersion {
			h.Set("Tus-Version", tusVersion)
			s.fail(w, r, errTusVersion)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// tus mounts a handler of the protocol. GET is not part of it, so no handler gets HEAD with it.
func tus(fn handler) endpoint { return stream(fn) }

func (s *server) tusOptions(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Tus-Version", tusVersion)
	h.Set("Tus-Extension", tusExtensions)
	h.Set("Tus-Checksum-Algorithm", tusAlgorithms)
	h.Set("Tus-Max-Size", strconv.FormatInt(s.Uploads.Limits().MaxUploadBytes, 10))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) tusCreate(w http.ResponseWriter, r *http.Request) error {
	n, err := newUpload(r.Header)
	if err != nil {
		return err
	}
	withBytes := r.ContentLength != 0
	if withBytes && !isTusType(r.Header) {
		return errTusType
	}
	check, err := checksumOf(r.Header)
	if err != nil {
		return err
	}
	if n.LengthBytes >= 0 && r.ContentLength > n.LengthBytes {
		return errTusMore
	}
	v := visitOf(r.Context())
	t, err := s.Uploads.Create(r.Context(), v.actor, n)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Location", s.uploadOrigin(r)+tusPath+string(t.Upload.ID))
	h.Set("Meanwhile-Video-Id", string(t.Video.ID))
	h.Set("Meanwhile-Watch-Url", s.watchURL(v, t.Link.Token))
	h.Set("Meanwhile-Upload-Token", t.Token)
	h.Set("Upload-Expires", t.Upload.ExpiresAt.UTC().Format(http.TimeFormat))
	if withBytes {
		if err := s.append(w, r, t.Upload.ID, 0, check); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusCreated)
	return nil
}

// uploadOrigin is the origin where a client continues. A browser sends the address by which it
// knows this site, and must stay there. By then it was checked to be this site.
func (s *server) uploadOrigin(r *http.Request) string {
	if o := r.Header.Get("Origin"); o != "" && o != "null" && r.Header.Get("Authorization") == "" {
		return o
	}
	return s.baseURL(visitOf(r.Context()))
}

func (s *server) tusOffset(w http.ResponseWriter, r *http.Request) error {
	u, err := s.uploadNow(r)
	if err != nil {
		return err
	}
	setUploadState(w.Header(), u)
	if u.LengthBytes < 0 {
		w.Header().Set("Upload-Defer-Length", "1")
	} else {
		w.Header().Set("Upload-Length", strconv.FormatInt(u.LengthBytes, 10))
	}
	if u.Filename != "" {
		w.Header().Set("Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte(u.Filename)))
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// uploadNow returns the state of the upload. If it has every byte but was not sealed, because its
// last response failed, it is sealed first. A client that gets "complete" never comes back.
func (s *server) uploadNow(r *http.Request) (storage.Upload, error) {
	a, id := visitOf(r.Context()).actor, storage.UploadID(r.PathValue("id"))
	u, err := s.Uploads.Settled(r.Context(), a, id)
	if err != nil || u.SealedAt != nil || u.OffsetBytes != u.LengthBytes {
		return u, err
	}
	_, err = s.Uploads.Write(r.Context(), a, id, u.OffsetBytes, http.NoBody, nil)
	if err != nil && storage.KindOf(err) != storage.Conflict { // another request seals it
		return u, err
	}
	return s.Uploads.ByID(r.Context(), a, id)
}

func (s *server) tusAppend(w http.ResponseWriter, r *http.Request) error {
	if !isTusType(r.Header) {
		return errTusType
	}
	offset, err := bytesIn(r.Header, "Upload-Offset")
	if err != nil {
		return err
	}
	check, err := checksumOf(r.Header)
	if err != nil {
		return err
	}
	u, err := s.Uploads.ByID(r.Context(), visitOf(r.Context()).actor, storage.UploadID(r.PathValue("id")))
	if err != nil {
		return err
	}
	if err := s.fixLength(r, u, offset); err != nil {
		setUploadState(w.Header(), u)
		return err
	}
	if err := s.append(w, r, u.ID, offset, check); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// fixLength sets a length that was deferred at creation, unless the offset shows that the whole
// request will be refused.
func (s *server) fixLength(r *http.Request, u storage.Upload, offset int64) error {
	if offset != u.OffsetBytes {
		return storage.E(
			storage.Conflict,
			fmt.Sprintf("The upload stands at byte %d, not %d.", u.OffsetBytes, offset),
			nil,
		)
	}
	length := u.LengthBytes
	if r.Header.Get("Upload-Length") != "" {
		var err error
		if length, err = bytesIn(r.Header, "Upload-Length"); err != nil {
			return err
		}
	}
	if length >= 0 && r.ContentLength > length-offset {
		return errTusMore
	}
	if length == u.LengthBytes {
		return nil
	}
	return s.Uploads.SetLength(r.Context(), visitOf(r.Context()).actor, u.ID, length)
}

// append gives the body to uploads, with the slowest pace that is allowed. It always responds with
// the offset of the row, even after an error.
func (s *server) append(
	w http.ResponseWriter,
	r *http.Request,
	id storage.UploadID,
	offset int64,
	check *uploads.Checksum,
) error {
	v := visitOf(r.Context())
	leave, ok := s.parallel.enter("upload " + v.holder())
	if !ok {
		return storage.E(storage.Limited, "Too many uploads at once. Let some of them end first.", nil)
	}
	defer leave()
	body := newPaced(w, r.Body, s.BodyGrace, s.MinUploadBPS)
	at, err := s.Uploads.Write(r.Context(), v.actor, id, offset, body, check)
	body.done()
	w.Header().Set("Upload-Offset", strconv.FormatInt(at, 10))
	if u, lookErr := s.Uploads.ByID(r.Context(), v.actor, id); lookErr == nil {
		setUploadState(w.Header(), u)
	}
	switch {
	case err == nil:
		return nil
	case storage.KindOf(err) == storage.Mismatch:
		return &statusError{status: statusMismatch, message: storage.MessageOf(err), cause: err}
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close")
		return &statusError{
			status:  http.StatusRequestTimeout,
			message: "The bytes came too slowly. What arrived is kept: go on from there.",
			cause:   err,
		}
	}
	return err
}

func (s *server) tusCancel(w http.ResponseWriter, r *http.Request) error {
	err := s.Uploads.Cancel(r.Context(), visitOf(r.Context()).actor, storage.UploadID(r.PathValue("id")))
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// setUploadState sets the headers that every response about an upload has.
func setUploadState(h http.Header, u storage.Upload) {
	h.Set("Upload-Offset", strconv.FormatInt(u.OffsetBytes, 10))
	if u.SealedAt == nil {
		h.Set("Upload-Expires", u.ExpiresAt.UTC().Format(http.TimeFormat))
		return
	}
	h.Del("Upload-Expires")
}

var errTusType = &statusError{
	status:  http.StatusUnsupportedMediaType,
	message: "Send the bytes of an upload as Content-Type: " + tusType + ".",
}

func isTusType(h http.Header) bool {
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && t == tusType
}

func newUpload(h http.Header) (uploads.NewUpload, error) {
	n := uploads.NewUpload{LengthBytes: -1}
	meta, err := metadataOf(h.Get("Upload-Metadata"))
	if err != nil {
		return n, err
	}
	n.Filename, n.Title = meta["filename"], meta["title"]
	deferred := h.Get("Upload-Defer-Length")
	switch {
	case deferred != "" && deferred != "1":
		return n, invalid("Upload-Defer-Length can only be 1.", nil)
	case deferred == "1" && h.Get("Upload-Length") != "":
		return n, invalid("Send Upload-Length or Upload-Defer-Length, not both.", nil)
	case deferred == "1":
		return n, nil
	}
	n.LengthBytes, err = bytesIn(h, "Upload-Length")
	return n, err
}

func bytesIn(h http.Header, name string) (int64, error) {
	n, err := strconv.ParseUint(h.Get(name), 10, 63)
	if err != nil {
		return 0, invalid(name+" has to be a number of bytes, zero or more.", err)
	}
	return int64(n), nil
}

// metadataOf parses "key base64, key, key base64".
func metadataOf(header string) (map[string]string, error) {
	meta := map[string]string{}
	if strings.TrimSpace(header) == "" {
		return meta, nil
	}
	for _, pair := range strings.Split(header, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), " ")
		text, err := base64.StdEncoding.DecodeString(value)
		if _, twice := meta[key]; err != nil || key == "" || twice {
			return nil, invalid(
				"Upload-Metadata has to be pairs of a key, a space and a value in Base64, with commas between; no "+
					"key twice.",
				err,
			)
		}
		meta[key] = string(text)
	}
	return meta, nil
}

// checksumOf parses the checksum that the client sends, nil if there is none.
func checksumOf(h http.Header) (*uploads.Checksum, error) {
	header := h.Get("Upload-Checksum")
	if header == "" {
		return nil, nil
	}
	name, encoded, _ := strings.Cut(header, " ")
	newHash, ok := tusHashes[name]
	if !ok {
		return nil, invalid("Checksums can be "+tusAlgorithms+".", nil)
	}
	want, err := base64.StdEncoding.DecodeString(encoded)
	sum := newHash()
	if err != nil || len(want) != sum.Size() {
		return nil, invalid("Upload-Checksum has to be the algorithm, a space and the checksum in Base64.", err)
	}
	return &uploads.Checksum{Hash: sum, Want: want}, nil
}

func invalid(message string, cause error) error {
	return storage.E(storage.Invalid, message, cause)
}
