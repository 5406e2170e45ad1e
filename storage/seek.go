package storage

import "io"

// SeekTo returns where a reader of sizeBytes moves from at, as io.Seeker defines. Invalid before
// the first byte.
func SeekTo(at, sizeBytes, offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += at
	case io.SeekEnd:
		offset += sizeBytes
	}
	if offset < 0 {
		return 0, E(Invalid, "There is nothing before the first byte.", nil)
	}
	return offset, nil
}
