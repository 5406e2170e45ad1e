// Package media turns bytes into bytes: MP4 boxes, fragments, faststart, playlists, sound on one
// grid, WebVTT. It is pure: it reads its input and knows neither store nor clock.
package media
