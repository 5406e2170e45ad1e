package storage

import (
	"fmt"
	"io"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Tree is where an export is written: an archive or a folder.
type Tree interface {
	// File begins a file, which ends when the next one begins. path has slashes. packed says that
	// it is media, which compression makes no smaller.
	File(path string, modified time.Time, packed bool) (io.Writer, error)
}

// Contents is the data of an export's index.
type Contents struct {
	Title  string
	At     time.Time // UTC
	Videos []ExportedVideo
}

// ExportedVideo is one video of an export.
type ExportedVideo struct {
	Title, Author string
	Made          time.Time // UTC
	Length        time.Duration
	Trashed       bool
	Files         []ExportedFile
}

// ExportedFile is one file and its link in the index.
type ExportedFile struct{ Name, Link string }

// maxFolderBytes bounds the part of a folder's name that comes from a title, so that whole paths
// stay short enough for any system.
const maxFolderBytes = 80

// FolderName returns a name for the files of a video that every file system accepts: its day, its
// title as far as it fits, and the beginning of its id, so that two videos of one title get two
// names.
func FolderName(v Video) string {
	title := safeTitle(v.Title)
	id := string(v.ID[:min(8, len(v.ID))])
	if title == "" {
		return fmt.Sprintf("%s %s", v.CreatedAt.UTC().Format(time.DateOnly), id)
	}
	return fmt.Sprintf("%s %s %s", v.CreatedAt.UTC().Format(time.DateOnly), title, id)
}

// safeTitle removes from a title what has a meaning to a file system, an archive or a terminal.
func safeTitle(title string) string {
	title = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, isBidiControl(r), !unicode.IsPrint(r) && r != '\u200d':
			return -1
		case strings.ContainsRune("/\\:*?\"<>|%", r):
			return '-'
		}
		return r
	}, CleanLine(title, MaxTitleRunes))
	for len(title) > maxFolderBytes {
		_, size := utf8.DecodeLastRuneInString(title)
		title = title[:len(title)-size]
	}
	return strings.Trim(title, ". -\u200d")
}

// SafeExt returns the extension of a name that a client gave, or "" if it does not look like one.
func SafeExt(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if len(ext) < 2 || len(ext) > 6 {
		return ""
	}
	for _, r := range ext[1:] {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return ""
		}
	}
	return ext
}

// ExtOf returns the file extension for a media type as a recorder sends it.
func ExtOf(mediaType string) string {
	kind, _, _ := strings.Cut(mediaType, ";")
	switch strings.TrimSpace(strings.ToLower(kind)) {
	case "video/mp4", "audio/mp4":
		return ".mp4"
	case "video/webm", "audio/webm":
		return ".webm"
	case "video/x-matroska":
		return ".mkv"
	}
	return ""
}
