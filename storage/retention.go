package storage

import (
	"time"
)

// How long things are kept.
const (
	TrashFor = 30 * 24 * time.Hour // in the trash
	// between a notice and the trash, if a workspace keeps videos for a limited time
	NoticeFor     = 7 * 24 * time.Hour
	DeletionDelay = 14 * 24 * time.Hour // of an account that is to be deleted
	MaxKeepDays   = 3650
)

// FormerMember is the name of people whose account is deleted.
const FormerMember = "Former member"

// Deletion names an object to delete, or all objects below a key that ends in "/".
type Deletion struct {
	Key     string
	AgainAt *time.Time // when to check a folder once more
}

// Notice says that a video will go into the trash.
type Notice struct {
	VideoID  VideoID
	OwnerID  UserID
	Title    string
	LeavesAt time.Time
}

// ExportQuery selects videos, in the trash or not.
type ExportQuery struct {
	WorkspaceID WorkspaceID // empty: any
	OwnerID     UserID      // empty: anybody
	Limit       int
	Before      *ExportKey
}

// Belonging is what an account has in a workspace.
type Belonging struct {
	Workspace Workspace
	Role      Role // empty if it has only videos there
	Others    int  // other members
	Owners    int  // owners among them who stay
}

// The actions of retention and leaving in a workspace's log.
const (
	ActionTrash       Action = "video-trash"
	ActionRestore     Action = "video-restore"
	ActionPurge       Action = "video-purge"
	ActionExport      Action = "workspace-export"
	ActionLeave       Action = "account-delete"
	ActionStay        Action = "account-restore"
	ActionGone        Action = "account-gone"
	ActionPassToOwner Action = "workspace-owner"
)

// PurgeAt returns when a video in the trash is deleted for good; nil if it is not in the trash.
func (v Video) PurgeAt() *time.Time {
	if v.TrashedAt == nil {
		return nil
	}
	at := v.TrashedAt.Add(TrashFor)
	return &at
}

const (
	// RetentionBatch is how many rows retention works on at a time.
	RetentionBatch = 100
)

// ExportKey is a place in the list of an export, newest first.
type ExportKey struct {
	CreatedAt time.Time
	ID        VideoID
}
