package media

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"meanwhile/storage"
)

// segmentFor is the minimum length of a segment in a playlist. Shorter fragments are joined, so
// that copied sources with many key frames do not need a request for each.
const segmentFor = 1900 * time.Millisecond

// Segments joins fragments. Each segment begins with a frame that can be decoded alone.
func Segments(x FragmentIndex) []storage.Fragment {
	var list []storage.Fragment
	for _, f := range x.Fragments {
		if n := len(list); n > 0 && list[n-1].Duration < segmentFor &&
			list[n-1].Offset+list[n-1].SizeBytes == f.Offset {
			list[n-1].Duration += f.Duration
			list[n-1].SizeBytes += f.SizeBytes
			continue
		}
		list = append(list, f)
	}
	return list
}

// RenditionPlaylist is the HLS playlist of a complete rung whose fragments lie in one file, uri
// (RFC 8216, 4.3.2.2: byte ranges).
func RenditionPlaylist(x FragmentIndex, uri string) string {
	list := Segments(x)
	var longest time.Duration
	for _, s := range list {
		longest = max(longest, s.Duration)
	}
	var b strings.Builder
	fmt.Fprintf(
		&b,
		"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n",
		max(1, int(math.Round(longest.Seconds()))),
	)
	writeSegments(&b, x.InitBytes, list, uri)
	b.WriteString("#EXT-X-ENDLIST\n")
	return b.String()
}

// WriteLiveHead writes the lines before the segments of a recording, and drops the segment that may
// still grow from list.
func WriteLiveHead(b *strings.Builder, list *[]storage.Fragment, ended bool) {
	if n := len(*list); !ended && n > 0 && (*list)[n-1].Duration < segmentFor {
		*list = (*list)[:n-1]
	}
	var longest time.Duration
	for _, s := range *list {
		longest = max(longest, s.Duration)
	}
	writeHead(b, longest, ended)
}

func writeHead(b *strings.Builder, longest time.Duration, ended bool) {
	kind := "EVENT"
	if ended {
		kind = "VOD"
	}
	seconds := int(math.Ceil(max(2*time.Second, longest).Seconds()))
	fmt.Fprintf(
		b,
		"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-PLAYLIST-TYPE:%s\n#EXT-X-INDEPENDENT-SEGMENTS\n"+
			"#EXT-X-START:TIME-OFFSET=0\n",
		seconds,
		kind,
	)
}

func writeSegments(b *strings.Builder, initBytes int64, list []storage.Fragment, uri string) {
	fmt.Fprintf(b, "#EXT-X-MAP:URI=%q,BYTERANGE=\"%d@0\"\n", uri, initBytes)
	writeList(b, list, uri)
}

func writeList(b *strings.Builder, list []storage.Fragment, uri string) {
	for _, s := range list {
		fmt.Fprintf(b, "#EXTINF:%.5f,\n#EXT-X-BYTERANGE:%d@%d\n%s\n", s.Duration.Seconds(), s.SizeBytes, s.Offset, uri)
	}
}

// PeakBPS is the rate of the fastest segment, which RFC 8216 (4.3.4.2) requires for a variant.
func PeakBPS(x FragmentIndex) int64 {
	var peak int64
	for _, s := range Segments(x) {
		if seconds := max(s.Duration, time.Second/2).Seconds(); seconds > 0 {
			peak = max(peak, int64(math.Ceil(float64(s.SizeBytes)*8/seconds)))
		}
	}
	return peak
}

// MasterPlaylist lists the rungs, the lowest first: players that do not know the connection's speed
// begin there.
func MasterPlaylist(rungs []storage.Asset) string {
	rungs = slices.SortedFunc(
		slices.Values(rungs),
		func(a, b storage.Asset) int { return cmp.Compare(a.BandwidthBPS, b.BandwidthBPS) },
	)
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n")
	for _, r := range rungs {
		average := r.BandwidthBPS
		if seconds := r.Duration.Seconds(); seconds > 0 {
			average = int64(float64(r.SizeBytes) * 8 / seconds)
		}
		fmt.Fprintf(
			&b,
			"#EXT-X-STREAM-INF:BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d,RESOLUTION=%dx%d,CODECS=%q\n%s\n",
			r.BandwidthBPS,
			min(average, r.BandwidthBPS),
			r.Width,
			r.Height,
			codecsOf(r.MediaType),
			PlaylistName(r.Name),
		)
	}
	return b.String()
}

// MasterName is the name of the playlist that lists a generation's rungs.
const MasterName = "hls.m3u8"

// PlaylistName is the name of the playlist beside a rung: 720p.m3u8 of 720p.m4s.
func PlaylistName(rung string) string {
	name, _, _ := strings.Cut(rung, ".")
	return name + ".m3u8"
}

// codecsOf is the codecs parameter of a media type.
func codecsOf(mediaType string) string {
	_, codecs, _ := strings.Cut(mediaType, `codecs="`)
	codecs, _, _ = strings.Cut(codecs, `"`)
	return codecs
}
