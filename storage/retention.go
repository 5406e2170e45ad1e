package storage

import (
	"time"
)

// How long things are kept before they go.
const (
	TrashFor = 30 * 24 * time.Hour // in the trash
	// between a notice and the trash, where a workspace keeps videos for some time
	NoticeFor   = 7 * 24 * time.Hour
	GraceFor    = 14 * 24 * time.Hour // of an account that is to be deleted
	MaxKeepDays = 3650
)

// FormerMember is what people are called whose account is gone.
const FormerMember = "Former member"

// Deletion names an object that is to be deleted, or all objects below a key that ends in "/".
type Deletion struct {
	Key     string
	AgainAt *time.Time // when a folder is looked at once more
}

// Notice says that a video leaves.
type Notice struct {
	VideoID  VideoID
	OwnerID  UserID
	Title    string
	LeavesAt time.Time
}

// ExportQuery selects videos, in the trash or not.
type ExportQuery struct {
	WorkspaceID WorkspaceID // empty: of any
	OwnerID     UserID      // empty: of anybody
	Limit       int
	Before      *VideoKey
}

// Belonging is what an account has to do with a workspace.
type Belonging struct {
	Workspace Workspace
	Role      Role // empty for who has only videos there
	Others    int  // other members
	Owners    int  // owners among them who stay
}

// The actions of keeping and leaving in the log of a workspace.
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

// PurgeAt is when a video in the trash is deleted for good; nil for one that is not there.
func (v Video) PurgeAt() *time.Time {
	if v.TrashedAt == nil {
		return nil
	}
	at := v.TrashedAt.Add(TrashFor)
	return &at
}

const (
	// RetentionBatch is how many rows of what leaves are worked on at a time.
	RetentionBatch = 100
)
