package server

import (
	"bytes"
	"context"
	bits "encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"meanwhile/storage"
)

// Limits of a picture that people upload for themselves. Decoding needs memory for the size in the
// header, however small the file is.
const (
	maxPictureBytes   = 5 << 20
	maxPicturePixels  = 16_000_000 // a phone's usual picture has 12; decoding takes ten bytes for each
	picturesPerMinute = 10
	maxPictureMemory  = 4 * maxPicturePixels
	maxPictureScans   = 64 // of a progressive JPEG; each covers the whole picture
	pictureSide       = 256
)

// The accepted formats, by how their files begin. Go's own registry is not used, because any
// package can add formats to it.
var pictureFormats = []struct {
	begins func([]byte) bool
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}{
	{func(b []byte) bool { return bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")) }, png.DecodeConfig, png.Decode},
	{isJPEG, jpeg.DecodeConfig, jpeg.Decode},
	{func(b []byte) bool {
		return len(b) > 16 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP"
	}, webp.DecodeConfig, webp.Decode},
}

func isJPEG(b []byte) bool { return bytes.HasPrefix(b, []byte{0xFF, 0xD8, 0xFF}) }

var (
	errPictureType  = storage.E(storage.UnsupportedType, "A picture is a PNG, JPEG or WebP file.", nil)
	errPictureLarge = storage.E(
		storage.TooLarge,
		"This picture is larger than 5 MiB or 16 megapixels. Make it smaller first.",
		nil,
	)
	errPictureBroken = storage.E(storage.Unprocessable, "This picture cannot be read. Is the file whole?", nil)
)

// setPicture sets the visitor's picture.
func (s *server) setPicture(w http.ResponseWriter, r *http.Request) error {
	err := s.People.SetPicture(
		r.Context(),
		visitOf(r.Context()).actor,
		func() ([]byte, string, error) { return s.readPicture(w, r) },
	)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "private, no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readPicture decodes one picture at a time for the whole server. A large one needs more memory
// than anything else here.
func (s *server) readPicture(w http.ResponseWriter, r *http.Request) ([]byte, string, error) {
	body := newPaced(w, http.MaxBytesReader(w, r.Body, maxPictureBytes), s.BodyGrace, s.MinUploadBPS)
	b, err := io.ReadAll(body)
	body.done()
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, "", errPictureLarge
	}
	if err != nil {
		return nil, "", invalid("The picture did not arrive whole. Send it again.", err)
	}
	v := visitOf(r.Context())
	if !s.portraits.allow(r.Context(), string(v.actor.UserID), s.Core.Now()) {
		return nil, "", errTooMany
	}
	if err := s.pictures.enter(r.Context()); err != nil {
		return nil, "", err
	}
	defer s.pictures.leave()
	return smallPicture(b)
}

func (s *server) deletePicture(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, s.People.DropPicture(ctx, visitOf(ctx).actor)
}

// picture sends the picture of somebody in the same workspace. Its address changes with the
// picture, but not with the permission to see it.
func (s *server) picture(w http.ResponseWriter, r *http.Request) error {
	p, err := s.People.PictureOf(r.Context(), visitOf(r.Context()).actor, storage.UserID(r.PathValue("id")))
	if err != nil {
		return err
	}
	src, err := s.Core.Objects.Open(r.Context(), p.Key, storage.Range{})
	if err != nil {
		return fmt.Errorf("open picture: %w", err)
	}
	defer src.Close()
	b, err := io.ReadAll(src)
	if err != nil {
		return fmt.Errorf("read picture: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", p.MediaType)
	h.Set("Cache-Control", cacheChecked)
	h.Set("ETag", `"`+storage.SecretHash(p.Key)[:32]+`"`)
	return serveContent(w, r, bytes.NewReader(b))
}

// turn admits one at a time.
type turn chan struct{}

func (t turn) enter(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t turn) leave() { <-t }

// smallPicture decodes a picture and encodes its middle again, 256 pixels wide and high. Nothing of
// the file itself stays, nor its data about place and camera. ext is ".jpg", or ".png" for a
// transparent picture.
func smallPicture(b []byte) (small []byte, ext string, err error) {
	for _, f := range pictureFormats {
		if !f.begins(b) {
			continue
		}
		c, err := f.config(bytes.NewReader(b))
		if err != nil || c.Width < 1 || c.Height < 1 {
			return nil, "", errPictureBroken
		}
		if tooLargeToDecode(c, b) {
			return nil, "", errPictureLarge
		}
		img, err := f.decode(bytes.NewReader(b))
		if err != nil {
			return nil, "", errPictureBroken
		}
		return encodeSmall(img, orientation(b))
	}
	return nil, "", errPictureType
}

// tooLargeToDecode checks the pixels, and the memory that their decoder needs.
func tooLargeToDecode(c image.Config, b []byte) bool {
	perPixel := 4
	switch c.ColorModel {
	case color.RGBA64Model, color.NRGBA64Model, color.Gray16Model:
		perPixel = 8
	}
	// progressive: the decoder keeps all coefficients until the end
	if isJPEG(b) && bytes.Contains(b, []byte{0xFF, 0xC2}) {
		perPixel = 16
		if bytes.Count(b, []byte{0xFF, 0xDA}) > maxPictureScans {
			return true
		}
	}
	pixels := int64(c.Width) * int64(c.Height)
	return pixels > maxPicturePixels || pixels*int64(perPixel) > maxPictureMemory
}

func encodeSmall(img image.Image, turned int) ([]byte, string, error) {
	from := img.Bounds()
	side := min(from.Dx(), from.Dy())
	x, y := from.Min.X+(from.Dx()-side)/2, from.Min.Y+(from.Dy()-side)/2
	small := image.NewRGBA(image.Rect(0, 0, pictureSide, pictureSide))
	draw.CatmullRom.Scale(small, small.Bounds(), img, image.Rect(x, y, x+side, y+side), draw.Src, nil)
	small = upright(small, turned)
	var out bytes.Buffer
	var ext string
	var err error
	if small.Opaque() {
		ext, err = ".jpg", jpeg.Encode(&out, small, &jpeg.Options{Quality: 88})
	} else {
		ext, err = ".png", png.Encode(&out, small)
	}
	if err != nil {
		return nil, "", fmt.Errorf("encode picture: %w", err)
	}
	return out.Bytes(), ext, nil
}

// upright rotates or flips a square by the Exif orientation, 1 to 8.
func upright(in *image.RGBA, turned int) *image.RGBA {
	if turned < 2 || turned > 8 {
		return in
	}
	last := pictureSide - 1
	out := image.NewRGBA(in.Bounds())
	for y := range pictureSide {
		for x := range pictureSide {
			fx, fy := x, y // the source pixel
			switch turned {
			case 2:
				fx = last - x
			case 3:
				fx, fy = last-x, last-y
			case 4:
				fy = last - y
			case 5:
				fx, fy = y, x
			case 6:
				fx, fy = y, last-x
			case 7:
				fx, fy = last-y, last-x
			case 8:
				fx, fy = last-y, x
			}
			out.SetRGBA(x, y, in.RGBAAt(fx, fy))
		}
	}
	return out
}

// orientation reads the Exif orientation of a JPEG. It returns 1 if there is none.
func orientation(b []byte) int {
	if !isJPEG(b) {
		return 1
	}
	for at := 2; at+4 <= len(b) && b[at] == 0xFF && b[at+1] != 0xDA; {
		size := int(bits.BigEndian.Uint16(b[at+2:]))
		if size < 2 || at+2+size > len(b) {
			return 1
		}
		if body := b[at+4 : at+2+size]; b[at+1] == 0xE1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")) {
			return orientationTag(body[6:])
		}
		at += 2 + size
	}
	return 1
}

// orientationTag reads the first directory of a TIFF header.
func orientationTag(b []byte) int {
	if len(b) < 8 {
		return 1
	}
	var order bits.ByteOrder = bits.LittleEndian
	if b[0] == 'M' {
		order = bits.BigEndian
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 1
	}
	entries := b[at+2:]
	for n := int(order.Uint16(b[at:])); n > 0 && len(entries) >= 12; n-- {
		if order.Uint16(entries) == 0x0112 {
			return int(order.Uint16(entries[8:]))
		}
		entries = entries[12:]
	}
	return 1
}
