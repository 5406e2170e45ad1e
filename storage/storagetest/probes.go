package storagetest

import "meanwhile/storage"

// ScreenProbe is a browser's recording of a screen, as most sources are. change may be nil.
func ScreenProbe(change func(*storage.Probe)) storage.Probe {
	p := storage.Probe{
		Container: storage.ContainerMP4, SizeBytes: 20_000_000, DurationMS: 60_000, Streams: 2,
		Video: &storage.VideoStream{
			Codec:         "h264",
			Profile:       "High",
			Level:         40,
			Tag:           "avc1",
			PixelFormat:   "yuv420p",
			Width:         1920,
			Height:        1080,
			CodedWidth:    1920,
			CodedHeight:   1080,
			FPS:           30,
			BitrateBPS:    2_500_000,
			KeyframeGapMS: 2000,
			Frames:        1800,
		},
		Audio: &storage.AudioStream{Codec: "aac", Channels: 2, SampleRate: 48000, BitrateBPS: 128_000},
	}
	if change != nil {
		change(&p)
	}
	return p
}
