package meanwhile

import "time"

// AssetKind says what a derived object is for.
type AssetKind string

// The kinds of assets.
const (
	AssetCopy      AssetKind = "copy"      // the source's streams in a container that plays
	AssetRendition AssetKind = "rendition" // made to play everywhere
	AssetPoster    AssetKind = "poster"

	AssetCamera     AssetKind = "camera"     // the second track, without sound
	AssetRung       AssetKind = "rung"       // a fragmented MP4 for HLS
	AssetPlaylist   AssetKind = "playlist"   // where its fragments lie: 720p.m3u8 beside 720p.m4s
	AssetStoryboard AssetKind = "storyboard" // a sheet of small pictures
	AssetCues       AssetKind = "cues"       // WebVTT that says when each of them is shown
	AssetPreview    AssetKind = "preview"    // a few moving seconds without sound
	AssetPeaks      AssetKind = "peaks"      // the sound's waveform, JSON
	// screen and camera as one picture; FlatName says by which layout
	AssetFlat   AssetKind = "flat"
	AssetSpeech AssetKind = "speech" // 16 kHz mono, for speech recognition; no viewer's
)

// Asset is an immutable object derived from a source. Viewers read only what these rows name.
type Asset struct {
	ID         AssetID
	VideoID    VideoID
	Generation int
	Kind       AssetKind
	Name       string // unique in its generation: copy.mp4, 1080p.mp4, poster.jpg
	Key        string // in Objects
	MediaType  string // with codecs where they are known (RFC 6381)
	Everywhere bool   // plays in every supported browser
	Width      int
	Height     int
	SizeBytes  int64
	SHA256     string
	Duration   time.Duration
	// BandwidthBPS is the rate of a rung's fastest segment, 0 for what is no rung.
	BandwidthBPS int64
	CreatedAt    time.Time
}
