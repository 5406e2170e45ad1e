package storage

// LiveName is the playlist of a track.
func LiveName(track string) string { return track + ".m3u8" }

// LiveBytes is what the playlist of a track names.
func LiveBytes(track string) string { return track + ".mp4" }

const (
	// SoundName is the playlist of a recording with its sound in AAC.
	SoundName = ScreenTrack + "-aac.m3u8"
)

// LiveFileName is the name of a track as one file.
func LiveFileName(track string) string { return track + ".whole.mp4" }
