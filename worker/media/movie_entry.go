package media

import (
	"encoding/binary"
)

// The fields of a sample entry before the boxes in it (ISO/IEC 14496-12, 12.1.3 and 12.2.3), with
// its own header.
const (
	pictureEntryBytes = 86
	soundEntryBytes   = 36
)

// plainEntry rewrites a track's only sample entry. It keeps the fields that players read and the
// boxes listed here, and nothing else that a camera or an editor may have written.
func plainEntry(stsd []byte, handler string) ([]byte, error) {
	if len(stsd) < 16 || binary.BigEndian.Uint32(stsd[4:]) != 1 {
		return nil, notPlain("not one sample description")
	}
	var kind string
	var entry []byte
	eachBox(stsd[8:], func(k string, body []byte) {
		if entry == nil {
			kind, entry = k, body
		}
	})
	switch handler {
	case "vide":
		return pictureEntry(kind, entry)
	case "soun":
		return soundEntry(kind, entry)
	}
	return nil, nil
}

// pictureEntry is the entry of H.264 whose parameter sets are in front (ISO/IEC 14496-15, 5.4.2).
func pictureEntry(kind string, entry []byte) ([]byte, error) {
	const fields = pictureEntryBytes - 8
	if kind != "avc1" || len(entry) < fields {
		return nil, notPlain("a picture of the kind %q", kind)
	}
	kept := map[string][]byte{}
	eachBox(entry[fields:], func(kind string, body []byte) {
		switch {
		case kind == "avcC", kind == "pasp":
			kept[kind] = body
		case kind == "colr" && len(body) >= 4 && (string(body[:4]) == "nclx" || string(body[:4]) == "nclc"):
			kept[kind] = body
		}
	})
	if kept["avcC"] == nil {
		return nil, notPlain("a picture without parameter sets")
	}
	head := make([]byte, fields)
	head[7] = 1                                         // data reference
	copy(head[24:28], entry[24:28])                     // width and height
	copy(head[28:36], []byte{0, 72, 0, 0, 0, 72, 0, 0}) // dots per inch
	head[41] = 1                                        // frames per sample
	head[75], head[76], head[77] = 24, 0xff, 0xff       // depth, no colour table
	return MakeBox(kind, head, keptBox("avcC", kept), keptBox("colr", kept), keptBox("pasp", kept)), nil
}

// soundEntry is the entry of AAC or Opus. QuickTime's version 1 has four more numbers and puts the
// configuration in an extra box.
func soundEntry(kind string, entry []byte) ([]byte, error) {
	const fields = soundEntryBytes - 8
	if len(entry) < fields {
		return nil, notPlain("a sound without a description")
	}
	rest := entry[fields:]
	switch version := binary.BigEndian.Uint16(entry[8:]); {
	case version == 1 && len(rest) >= 16:
		rest = rest[16:]
	case version != 0:
		return nil, notPlain("a sound of version %d", version)
	}
	needed := map[string]string{"mp4a": "esds", "Opus": "dOps"}[kind]
	kept := map[string][]byte{}
	var visit func(kind string, body []byte)
	visit = func(kind string, body []byte) {
		if kind == "wave" {
			eachBox(body, visit)
		}
		kept[kind] = body
	}
	eachBox(rest, visit)
	if needed == "" || kept[needed] == nil {
		return nil, notPlain("a sound of the kind %q", kind)
	}
	head := make([]byte, fields)
	head[7] = 1
	copy(head[16:18], entry[16:18]) // channels
	head[19] = 16
	copy(head[24:28], entry[24:28]) // samples per second
	return MakeBox(kind, head, keptBox(needed, kept)), nil
}

func keptBox(kind string, kept map[string][]byte) []byte {
	if kept[kind] == nil {
		return nil
	}
	return MakeBox(kind, kept[kind])
}

// MakeBox returns a box with the joined parts as content.
func MakeBox(kind string, parts ...[]byte) []byte {
	length := 8
	for _, p := range parts {
		length += len(p)
	}
	b := make([]byte, 0, length)
	b = binary.BigEndian.AppendUint32(b, uint32(length))
	b = append(b, kind...)
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}
