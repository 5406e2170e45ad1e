package plan

import (
	"fmt"
	"math"
	"time"

	"meanwhile/storage"
)

// A good source is within these, and is copied, not encoded (docs/adr: a good source is copied).
const (
	goodShortSide     = 1080
	goodLongSide      = 1920 + 640 // ultra-wide screens keep their aspect ratio
	goodBitrateBPS    = 8_000_000
	goodKeyframeGapMS = 4_200 // four seconds plus the jitter of a variable frame rate
	goodFPS           = 61
)

// Limits of an encode.
const (
	topCRF         = 23
	lowerCRF       = 25
	encodeMaxFPS   = 60
	rungMaxrateBPS = 6_000_000 // 1080 lines; smaller pictures get a share by area
	// a rung less than a fifth smaller than the one above is not worth the work
	rungStep = 1.2
	// the capped rate never makes the file much larger than the upload
	overSourceRate  = 1.3
	minMaxrateBPS   = 300_000
	fullHDPixels    = 1920 * 1080
	noFrameIsLarger = 36_000_000
)

// Decide says what to make of a source. Unprocessable, with a sentence for people, if nothing can
// be made.
func Decide(p storage.Probe, limits storage.Limits) (storage.Plan, error) {
	if p.Video == nil && p.Audio == nil {
		return storage.Plan{}, storage.E(
			storage.Unprocessable,
			"This file contains no video.",
			nil,
		)
	}
	if err := withinLimits(p, limits); err != nil {
		return storage.Plan{}, err
	}
	if p.Video == nil {
		return storage.Plan{Listen: true, Sound: soundOf(p)}, nil
	}
	plan := storage.Plan{Copy: copyOf(p), Storyboard: storyboardOf(p), Listen: p.Audio != nil, Camera: p.Camera}
	ladder := ladderOf(p, plan.Copy != nil && plan.Copy.Final)
	if len(ladder.Rungs) > 1 || plan.Copy == nil || !plan.Copy.Final {
		plan.Ladder = &ladder
		return plan, affordable(p, ladder, limits)
	}
	return plan, nil
}

// Steps lists the stages of the plan, beside the one that made the plan. Short ones come first.
func Steps(p storage.Plan) []storage.Step {
	if p.Sound != nil {
		return []storage.Step{storage.StepListen, storage.StepEncode}
	}
	if p.Copy == nil && p.Ladder == nil {
		return nil
	}
	var s []storage.Step
	if p.Copy != nil {
		s = append(s, storage.StepCopy)
	}
	if p.Camera {
		s = append(s, storage.StepCamera)
	}
	s = append(s, storage.StepPoster)
	if p.Listen {
		s = append(s, storage.StepListen)
	}
	if p.Ladder == nil || !p.Ladder.Extras {
		s = append(s, storage.StepPreview, storage.StepStoryboard)
	}
	if p.Ladder != nil {
		s = append(s, storage.StepEncode)
	}
	if p.Camera {
		s = append(s, storage.StepFlatten)
	}
	return s
}

func withinLimits(p storage.Probe, limits storage.Limits) error {
	v := p.Video
	if v == nil {
		v = &storage.VideoStream{}
	}
	if pixels := int64(v.CodedWidth) * int64(v.CodedHeight); pixels > min(limits.MaxPixels, noFrameIsLarger) {
		return storage.E(
			storage.Unprocessable,
			fmt.Sprintf(
				"The picture of this video is too large (%d × %d). Export it at 4K or less and upload that.",
				v.CodedWidth,
				v.CodedHeight,
			),
			nil,
		)
	}
	length := time.Duration(p.DurationMS) * time.Millisecond
	if length > limits.MaxDuration {
		return storage.E(
			storage.Unprocessable,
			fmt.Sprintf(
				"This video is %s long; this site takes up to %s.",
				spoken(length),
				spoken(limits.MaxDuration),
			),
			nil,
		)
	}
	if p.DurationMS <= 0 {
		return storage.E(
			storage.Unprocessable,
			"This video has no length: it is only a moment long.",
			nil,
		)
	}
	return nil
}

// affordable refuses a video that would take more computing than the limit allows, before any of it
// is spent.
func affordable(p storage.Probe, l storage.Ladder, limits storage.Limits) error {
	if cost := LadderCost(p, l); cost > limits.MaxCPU {
		return storage.E(
			storage.Unprocessable,
			fmt.Sprintf(
				"This video would take about %s of computing, more than this site allows (%s). Upload a shorter or "+
					"smaller one.",
				spoken(cost),
				spoken(limits.MaxCPU),
			),
			nil,
		)
	}
	return nil
}

// spoken is a length as people say it: 45 s, 12 min, 4 h, 1 h 30 min.
func spoken(d time.Duration) string {
	switch h, m := int(d/time.Hour), int(d%time.Hour/time.Minute); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d/time.Second))
	case h == 0:
		return fmt.Sprintf("%d min", m)
	case m == 0:
		return fmt.Sprintf("%d h", h)
	default:
		return fmt.Sprintf("%d h %d min", h, m)
	}
}

// copyOf is the stream copy that browsers can play, nil if there is none.
func copyOf(p storage.Probe) *storage.Copy {
	v, a := p.Video, p.Audio
	if p.NoCopy || v.ResolutionMoves || v.PixelFormat != "yuv420p" || v.HDR() {
		return nil
	}
	audio := ""
	if a != nil {
		if audio = storage.WebAudio[a.Codec]; audio == "" {
			return nil
		}
	}
	switch v.Codec {
	case "h264":
		if a != nil && a.Codec == "vorbis" || v.Tag == "avc3" {
			return nil
		}
		return &storage.Copy{
			Container: storage.ContainerMP4,
			MediaType: storage.MediaType("video/mp4", storage.AvcName(v), audio),
			Final:     goodSource(p),
		}
	case "av1":
		if p.Container == storage.ContainerMP4 {
			return &storage.Copy{
				Container: storage.ContainerMP4,
				MediaType: storage.MediaType("video/mp4", "av01.0.08M.08", audio),
			}
		}
		return webmCopy(a, "av01.0.08M.08", audio)
	case "vp8":
		return webmCopy(a, "vp8", audio)
	case "vp9":
		return webmCopy(a, "vp09.00.40.08", audio)
	}
	return nil
}

func webmCopy(a *storage.AudioStream, video, audio string) *storage.Copy {
	if a != nil && a.Codec != "opus" && a.Codec != "vorbis" {
		return nil
	}
	return &storage.Copy{Container: storage.ContainerWebM, MediaType: storage.MediaType("video/webm", video, audio)}
}

// goodPicture reports whether the picture plays everywhere without encoding.
func goodPicture(p storage.Probe) bool {
	v := p.Video
	short, long := min(v.Width, v.Height), max(v.Width, v.Height)
	return !p.NoCopy && v.Codec == "h264" &&
		v.PixelFormat == "yuv420p" && !v.HDR() && !v.ResolutionMoves && v.Tag != "avc3" &&
		short <= goodShortSide && long <= goodLongSide &&
		v.FPS <= goodFPS &&
		v.BitrateBPS > 0 &&
		v.BitrateBPS <= goodBitrateBPS &&
		v.KeyframeGapMS <= goodKeyframeGapMS &&
		(v.Profile == "Constrained Baseline" || v.Profile == "Baseline" || v.Profile == "Main" || v.Profile == "High")
}

func goodSound(p storage.Probe) bool {
	return p.Audio == nil || (p.Audio.Codec == "aac" && p.Audio.Channels <= 2)
}

func goodSource(p storage.Probe) bool { return goodPicture(p) && goodSound(p) }

// lowerRungs are the sizes below the top, by the shorter side, and their limits. 480 lines are for
// connections that carry no more: text is hardly readable there.
var lowerRungs = []struct {
	short      int
	maxrateBPS int64
	maxFPS     float64
}{{720, 2_800_000, 0}, {480, 700_000, 30}}

// ladderOf is every rendition worth making. copied says that a copy of the source already plays
// everywhere: the top then needs no second file to download.
func ladderOf(p storage.Probe, copied bool) storage.Ladder {
	v := p.Video
	l := storage.Ladder{
		CopyAudio: p.Audio != nil && goodSound(p) && !p.NoCopy,
		NoAudio:   p.Audio == nil,
		ToneMap:   v.HDR(),
	}
	if p.Audio != nil && !l.CopyAudio && p.Audio.Loudness != nil {
		l.GainDB = gain(*p.Audio.Loudness)
	}
	if v.FPS > encodeMaxFPS {
		l.MaxFPS = encodeMaxFPS
	}
	w, h := fit(v.Width, v.Height, goodShortSide)
	top := storage.Rung{
		Width:       w,
		Height:      h,
		Copy:        goodPicture(p),
		Progressive: !copied,
		CRF:         topCRF,
		MaxrateBPS:  maxrate(v, w, h),
	}
	if top.Copy {
		top.CRF, top.MaxrateBPS = 0, 0
	}
	l.Rungs = append(l.Rungs, top)
	for _, lower := range lowerRungs {
		above := l.Rungs[len(l.Rungs)-1]
		if float64(min(above.Width, above.Height)) < rungStep*float64(lower.short) {
			continue
		}
		w, h := fit(v.Width, v.Height, lower.short)
		r := storage.Rung{
			Width:       w,
			Height:      h,
			CRF:         lowerCRF,
			MaxrateBPS:  min(lower.maxrateBPS, maxrate(v, w, h)),
			Progressive: lower.short == 720,
		}
		if lower.maxFPS > 0 && v.FPS > lower.maxFPS+1 {
			r.MaxFPS = lower.maxFPS
		}
		l.Rungs = append(l.Rungs, r)
	}
	for i, r := range l.Rungs {
		l.Rungs[i].Name = fmt.Sprintf("%dp", min(r.Width, r.Height))
	}
	l.Adaptive = len(l.Rungs) > 1
	l.Extras = l.Encodes()
	return l
}

// soundOf is what to make of a sound without a picture.
func soundOf(p storage.Probe) *storage.Sound {
	s := &storage.Sound{Copy: goodSound(p) && !p.NoCopy}
	if !s.Copy && p.Audio.Loudness != nil {
		s.GainDB = gain(*p.Audio.Loudness)
	}
	return s
}

// cameraShortSide is the maximum number of lines in the encoding of a camera's bubble.
const cameraShortSide = 720

// DecideCamera says what to make of a camera's track: a copy if it plays everywhere, else one
// rendition. The main track carries the sound, so the camera's sound is dropped. Unprocessable if
// the track has no picture, or more than the limits allow.
func DecideCamera(p storage.Probe, limits storage.Limits) (storage.Plan, error) {
	if p.Video == nil {
		return storage.Plan{}, storage.E(storage.Unprocessable, "The camera's track contains no picture.", nil)
	}
	if err := withinLimits(p, limits); err != nil {
		return storage.Plan{}, err
	}
	p.Audio = nil
	if c := copyOf(p); c != nil && c.Final {
		return storage.Plan{Copy: c}, nil
	}
	w, h := fit(p.Video.Width, p.Video.Height, cameraShortSide)
	l := storage.Ladder{NoAudio: true, ToneMap: p.Video.HDR(), Rungs: []storage.Rung{{
		Name: "camera", Width: w, Height: h, Progressive: true, CRF: topCRF, MaxrateBPS: maxrate(p.Video, w, h),
	}}}
	if p.Video.FPS > encodeMaxFPS {
		l.MaxFPS = encodeMaxFPS
	}
	return storage.Plan{Ladder: &l}, affordable(p, l, limits)
}

// The target loudness of speech, and how far the gain may go for it.
const (
	targetLUFS  = -16
	silenceLUFS = -60
	headroomDB  = 1 // below full scale
	maxGainDB   = 12
	minGainDB   = -12
	unheardDB   = 1
)

// gain is one static change for the whole sound. It never pumps and never clips.
func gain(l storage.Loudness) float64 {
	if l.LUFS < silenceLUFS {
		return 0
	}
	g := min(targetLUFS-l.LUFS, -headroomDB-l.PeakDBFS, maxGainDB)
	g = math.Round(max(g, minGainDB)*10) / 10
	if math.Abs(g) < unheardDB {
		return 0
	}
	return g
}

// Limits of a storyboard: one sheet of a size that every phone decodes.
const (
	tileLongSide = 160
	sheetColumns = 10
	sheetTiles   = 100
	tileInterval = time.Second // no closer
)

func storyboardOf(p storage.Probe) storage.Storyboard {
	length := time.Duration(p.DurationMS) * time.Millisecond
	s := storage.Storyboard{Columns: sheetColumns, Interval: max(tileInterval, (length+sheetTiles-1)/sheetTiles)}
	s.Tiles = min(sheetTiles, max(1, int(math.Ceil(float64(length)/float64(s.Interval)))))
	s.Rows = (s.Tiles + s.Columns - 1) / s.Columns
	scale := tileLongSide / float64(max(p.Video.Width, p.Video.Height, 1))
	even := func(n int) int { return max(2, int(math.Round(float64(n)*scale/2))*2) }
	s.Width, s.Height = even(p.Video.Width), even(p.Video.Height)
	return s
}

// fit scales down to a number of lines by the shorter side, with even sides. It never scales up.
func fit(w, h, lines int) (int, int) {
	scale := 1.0
	if short := min(w, h); short > lines {
		scale = float64(lines) / float64(short)
	}
	if long := float64(max(w, h)) * scale; long > 4096 {
		scale *= 4096 / long
	}
	even := func(n int) int { return max(2, int(math.Round(float64(n)*scale/2))*2) }
	return shrinkToSource(even(w), w), shrinkToSource(even(h), h)
}

// shrinkToSource keeps an odd side from growing by one pixel.
func shrinkToSource(n, source int) int {
	if n > source && n > 2 {
		return n - 2
	}
	return n
}

// maxrate is the rate for the picture's size, or 1.3 times the source's rate if that is less.
func maxrate(v *storage.VideoStream, w, h int) int64 {
	rate := rungMaxrateBPS * math.Min(1.5, math.Sqrt(float64(w*h)/fullHDPixels))
	if v.BitrateBPS > 0 && (v.Codec != "hevc" && v.Codec != "av1") {
		rate = min(rate, overSourceRate*float64(v.BitrateBPS))
	}
	// these need about half the bits of H.264
	if v.BitrateBPS > 0 && (v.Codec == "hevc" || v.Codec == "av1") {
		rate = min(rate, 2*overSourceRate*float64(v.BitrateBPS))
	}
	return max(int64(rate), minMaxrateBPS)
}
