package ffmpeg

import (
	"fmt"
	"strings"
	"time"

	"meanwhile/storage"
)

// rungFilters is the filter chain of a rung: frame rate, size, colour. Only the first rung gets the
// source. The others get the output of a rung above.
func rungFilters(v *storage.VideoStream, l storage.Ladder, r storage.Rung, first bool) string {
	var chain []string
	limit := l.MaxFPS
	if r.MaxFPS > 0 && (limit == 0 || r.MaxFPS < limit) {
		limit = r.MaxFPS
	}
	if limit > 0 && v.FPS > limit {
		chain = append(chain, "fps="+decimal(limit)) // only then: it makes a constant rate
	}
	if !first {
		return strings.Join(append(chain, "scale="+size(r.Width, r.Height), "setsar=1"), ",")
	}
	chain = append(chain, fit(v, r.Width, r.Height, "out_color_matrix=bt709:out_range=tv", l.ToneMap)...)
	if l.ToneMap {
		chain = append(chain, toneMap(v)...)
	}
	return strings.Join(append(chain, "format=yuv420p"), ",")
}

// sheetFilters cuts a storyboard's tiles and joins them. The filters in before come first. Where
// the picture begins late or ends early, its first and its last frame fill the gap.
func sheetFilters(s storage.Storyboard, before string) string {
	return fmt.Sprintf(
		"fps=1/%s:start_time=0:round=up%s,scale=%s:out_range=pc,setsar=1,"+
			"tpad=stop=%d:stop_mode=clone,tile=%dx%d,format=yuvj420p",
		decimal(s.Interval.Seconds()),
		before,
		size(s.Width, s.Height),
		s.Tiles,
		s.Columns,
		s.Rows,
	)
}

// previewFilters cuts the library's moving preview out of v, of the given length, from at. Where a
// recorder wrote no frame for a while, or the picture ends before the sound, the last frame stays.
func previewFilters(v *storage.VideoStream, at, length time.Duration) string {
	width, height := atMost(v, previewWidth)
	until := at + length
	chain := []string{
		fmt.Sprintf("fps=%d:start_time=0", previewFPS),
		fmt.Sprintf("tpad=stop=%d:stop_mode=clone", int(until.Seconds()*previewFPS)+1),
		fmt.Sprintf("trim=start=%s:end=%s", decimal(at.Seconds()), decimal(until.Seconds())), "setpts=PTS-STARTPTS",
	}
	chain = append(chain, fit(v, width, height, "out_color_matrix=bt709:out_range=tv", v.HDR())...)
	if v.HDR() {
		chain = append(chain, toneMap(v)...)
	}
	return strings.Join(append(chain, "format=yuv420p"), ",")
}

// atMost is the picture's size, or a smaller one with the same aspect ratio.
func atMost(v *storage.VideoStream, width int) (w, h int) {
	if v.Width <= width {
		return v.Width, v.Height
	}
	return width, v.Height * width / v.Width
}

// posterFilters scales before it compares: ten frames of a big picture would take gigabytes.
func posterFilters(v *storage.VideoStream, keyFrames bool) string {
	width, height := atMost(v, posterWidth)
	chain := fit(v, width, height, "out_color_matrix=bt601:out_range=pc", v.HDR())
	if keyFrames {
		chain = append(chain, "thumbnail=10")
	}
	if v.HDR() {
		chain = append(chain, toneMap(v)...)
		chain = append(chain, "scale=out_color_matrix=bt601:out_range=pc")
	}
	return strings.Join(append(chain, "format=yuvj420p"), ",")
}

// fit scales to exactly width × height square pixels. A stream whose size changes gets bars where
// its aspect ratio is different. HDR keeps its colours here: tone mapping follows.
func fit(v *storage.VideoStream, width, height int, colours string, hdr bool) []string {
	scale := "scale=" + size(width, height)
	if v.ResolutionMoves {
		scale += ":force_original_aspect_ratio=decrease:force_divisible_by=2"
	}
	if !hdr {
		scale += ":in_color_matrix=" + matrix(v) + ":" + colours
	}
	chain := []string{scale}
	if v.ResolutionMoves {
		chain = append(chain, "pad="+size(width, height)+":-1:-1")
	}
	return append(chain, "setsar=1")
}

// matrix is the source's colour matrix. If the source does not say, players guess by size, and so
// do we. VP8 has only one.
func matrix(v *storage.VideoStream) string {
	switch {
	case v.ColorSpace != "":
		return "auto"
	case v.Codec == "vp8" || v.Height < 720:
		return "bt601"
	}
	return "bt709"
}

// toneMap maps PQ or HLG to BT.709. It fills in what the source does not say, or zscale refuses to
// work.
func toneMap(v *storage.VideoStream) []string {
	transfer, primaries, space := "smpte2084", "bt2020", "bt2020nc"
	if v.ColorTransfer != "" {
		transfer = v.ColorTransfer
	}
	if zimgPrimaries[v.ColorPrimaries] {
		primaries = v.ColorPrimaries
	}
	if zimgSpaces[v.ColorSpace] {
		space = v.ColorSpace
	}
	return []string{
		fmt.Sprintf("setparams=color_trc=%s:color_primaries=%s:colorspace=%s", transfer, primaries, space),
		// 203 nits are the white of a page (BT.2408). mobius leaves darker colours nearly as they
		// are and bends only brighter ones.
		"zscale=t=linear:npl=203",
		"format=gbrpf32le",
		"zscale=p=bt709",
		"tonemap=tonemap=mobius:desat=0",
		"zscale=t=bt709:m=bt709:r=tv",
		"format=yuv420p",
	}
}

// The names that zscale shares with ffprobe. A word from the file goes into a filter only if it is
// one of these.
var (
	zimgPrimaries = map[string]bool{"bt709": true, "bt2020": true, "smpte432": true}
	zimgSpaces    = map[string]bool{"bt709": true, "bt2020nc": true, "bt2020c": true, "smpte170m": true}
)
