package storage

import (
	"fmt"
	"time"
)

// Container is the format of a media file, detected from its first bytes.
type Container string

// The accepted containers. 3GP and QuickTime files belong to the MP4 family.
const (
	ContainerMP4  Container = "mp4"
	ContainerMKV  Container = "mkv"
	ContainerWebM Container = "webm"
	ContainerAVI  Container = "avi"
)

// Probe is what is known of a source after inspection. It is data: worker/ffmpeg makes it, Decide
// reads it.
type Probe struct {
	Container  Container    `json:"container"`
	SizeBytes  int64        `json:"size_bytes"`
	DurationMS int64        `json:"duration_ms"` // the longest of the played streams, from packet times where the header has none
	Streams    int          `json:"streams"`
	Fragmented bool         `json:"fragmented,omitempty"` // MP4 with moof boxes, as browsers record it
	Video      *VideoStream `json:"video,omitempty"`
	Audio      *AudioStream `json:"audio,omitempty"`
	// Camera says that the recording has a second track, from a camera.
	Camera bool `json:"camera,omitempty"`
	// NoCopy says that a stream copy was tried and does not work.
	NoCopy bool `json:"no_copy,omitempty"`
}

// VideoStream is the first video stream that is not a cover picture.
type VideoStream struct {
	Codec   string // ffmpeg's name: h264, hevc, vp8, vp9, av1, …
	Profile string // ffmpeg's name: High, Main 10, …
	Level   int    // ffmpeg's number: 40 for 4.0 in H.264
	// four characters of the sample entry: avc1, avc3, hvc1, …; empty in Matroska
	Tag             string
	PixelFormat     string  // yuv420p, yuv420p10le, …
	Width, Height   int     // as shown: after rotation and with the sample aspect ratio applied
	CodedWidth      int     // as coded
	CodedHeight     int     // as coded
	Rotation        int     // degrees clockwise that the file asks for: 0, 90, 180, 270
	FPS             float64 // average over the file
	BitrateBPS      int64   // bytes of the stream ÷ its scanned duration
	KeyframeGapMS   int64   // the longest gap between key frames (the end included)
	ColorTransfer   string  // smpte2084, arib-std-b67, bt709, …
	ColorPrimaries  string
	ColorSpace      string
	ResolutionMoves bool // the coded size changes inside the stream
	Frames          int64
}

// AudioStream is the first audio stream.
type AudioStream struct {
	Codec      string
	Channels   int
	SampleRate int // Hz
	BitrateBPS int64
	Loudness   *Loudness `json:",omitempty"` // nil before it was listened to
}

// Size returns the size of the picture, 0 × 0 if there is none.
func (p Probe) Size() (width, height int) {
	if p.Video == nil {
		return 0, 0
	}
	return p.Video.Width, p.Video.Height
}

// HDR reports whether the picture must be mapped to SDR for an ordinary screen (PQ or HLG).
func (v *VideoStream) HDR() bool {
	return v.ColorTransfer == "smpte2084" || v.ColorTransfer == "arib-std-b67"
}

// Loudness is the loudness of a whole sound (EBU R 128).
type Loudness struct {
	LUFS     float64 // integrated; -70 and below is silence
	PeakDBFS float64 // the highest sample
}

// Plan says what to make of a source. Copy is quick and comes first; Ladder plays everywhere and
// over every connection. Either may be nil, but not both. A source without a picture has only
// Sound.
type Plan struct {
	Copy   *Copy
	Ladder *Ladder
	// Storyboard says how the pictures of the seek bar are cut. If the ladder decodes, it makes
	// them; else a separate step does. The same holds for the preview.
	Storyboard Storyboard
	Listen     bool // there is sound to measure and draw
	Camera     bool // a second track is also made playable
	Sound      *Sound
}

// Sound is the one rendition of a source without a picture: AAC in a faststart MP4.
type Sound struct {
	Copy   bool
	GainDB float64
}

// Copy is a stream copy: nothing is decoded.
type Copy struct {
	Container Container // mp4 or webm
	MediaType string    // with codecs, RFC 6381
	Final     bool      // plays in every supported browser; the rest only makes it better
}

// Ladder is every rendition of a source, made by one process: one decode, cascaded scaling, one
// sound.
type Ladder struct {
	Rungs     []Rung // largest first
	CopyAudio bool
	NoAudio   bool
	GainDB    float64 // added to sound that is encoded anyway
	MaxFPS    float64 // 0 keeps the source's
	ToneMap   bool    // HDR to SDR
	Adaptive  bool    // every rung also for HLS; false if there is only one
	Extras    bool    // seek bar pictures and preview come from the same decode
}

// Rung is one size of a ladder: H.264 and AAC, as a fragmented MP4 for HLS, and if Progressive also
// as a faststart MP4.
type Rung struct {
	Name          string // 1080p
	Width, Height int    // even; never larger than the source
	Copy          bool   // the source's picture, unchanged
	Progressive   bool
	CRF           int
	MaxrateBPS    int64
	MaxFPS        float64 // 0 keeps the ladder's
}

// Encodes reports whether any picture is encoded.
func (l Ladder) Encodes() bool {
	for _, r := range l.Rungs {
		if !r.Copy {
			return true
		}
	}
	return false
}

// Storyboard is a sheet of small pictures in rows, one for every Interval.
type Storyboard struct {
	Width, Height int // of a tile, pixels
	Columns, Rows int
	Tiles         int
	Interval      time.Duration
}

// Limits bound one source file.
type Limits struct {
	MaxDuration    time.Duration // of one video
	MaxUploadBytes int64
	MaxPixels      int64 // of one frame
	MaxCPU         time.Duration
}

// DefaultLimits returns the limits without configuration: four hours, 20 GiB, 36 megapixels, and
// the CPU time of a four-hour 1080p60 video.
func DefaultLimits() Limits {
	return Limits{MaxDuration: 4 * time.Hour, MaxUploadBytes: 20 << 30, MaxPixels: 36_000_000, MaxCPU: 24 * time.Hour}
}

// MediaType returns the RFC 6381 name of an H.264 MP4 with the probe's streams, as renditions are
// made.
func (p Probe) MediaType() string {
	audio := ""
	if p.Audio != nil {
		audio = WebAudio[p.Audio.Codec]
	}
	if p.Video == nil {
		return fmt.Sprintf(`audio/mp4; codecs="%s"`, audio)
	}
	return MediaType("video/mp4", AvcName(p.Video), audio)
}

// WebAudio maps ffmpeg's names of the audio codecs that browsers play to RFC 6381 names.
var WebAudio = map[string]string{
	"aac":    "mp4a.40.2",
	"opus":   "opus",
	"mp3":    "mp4a.6B",
	"vorbis": "vorbis",
	"flac":   "flac",
}

// MediaType returns base with the codecs that are not empty.
func MediaType(base, video, audio string) string {
	if audio == "" {
		return fmt.Sprintf(`%s; codecs="%s"`, base, video)
	}
	return fmt.Sprintf(`%s; codecs="%s, %s"`, base, video, audio)
}

// AvcName returns the RFC 6381 name of an H.264 stream (section 3.3: profile, constraints, level in
// hexadecimal).
func AvcName(v *VideoStream) string {
	profiles := map[string]string{"Constrained Baseline": "42E0", "Baseline": "4200", "Main": "4D40", "High": "6400"}
	p, ok := profiles[v.Profile]
	if !ok {
		p = "6400"
	}
	level := v.Level
	if level <= 0 {
		level = 40
	}
	return fmt.Sprintf("avc1.%s%02X", p, level)
}
