package meanwhile

import "time"

// AssetKind says what a derived object is for.
type AssetKind string

// The kinds of assets.
const (
	AssetCopy      AssetKind = "copy"      // the source's streams in a container that plays
	AssetRendition AssetKind = "rendition" // made to play everywhere
	AssetPoster    AssetKind = "poster"
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
	CreatedAt  time.Time
}
