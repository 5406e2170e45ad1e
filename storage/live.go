package storage

// LiveName is the name of a track's playlist.
func LiveName(track string) string { return track + ".m3u8" }

// LiveBytes is the name of the file that a track's playlist points to.
func LiveBytes(track string) string { return track + ".mp4" }

const (
	// SoundName is the name of a recording's playlist with its sound in AAC.
	SoundName = ScreenTrack + "-aac.m3u8"
)

// IndexedFileName is the name of a track as one file.
func IndexedFileName(track string) string { return track + ".whole.mp4" }
