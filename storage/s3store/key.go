package s3store

import (
	"path"

	"meanwhile/storage"
)

// name returns the object's name in the bucket. Invalid for a bad key.
func (s *Store) name(key string) (string, error) {
	if err := storage.CheckKey(key); err != nil {
		return "", err
	}
	if len(s.prefix)+len(key) > storage.MaxKeyBytes {
		return "", storage.BadKey(key)
	}
	return s.prefix + key, nil
}

// mediaTypes are the types that browsers get with objects fetched from the object server itself.
var mediaTypes = map[string]string{
	".mp4":  "video/mp4",
	".m4s":  "video/mp4",
	".m4a":  "audio/mp4",
	".webm": "video/webm",
	".m3u8": "application/vnd.apple.mpegurl",
	".jpg":  "image/jpeg",
	".png":  "image/png",
	".webp": "image/webp",
	".vtt":  "text/vtt; charset=utf-8",
	".json": "application/json",
}

func mediaType(name string) string {
	if t, ok := mediaTypes[path.Ext(name)]; ok {
		return t
	}
	return "application/octet-stream"
}
