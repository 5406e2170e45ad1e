package storage

import (
	"context"
	"time"
)

// RetentionStore remembers what is deleted, exported and kept.
type RetentionStore interface {
	// TrashedSince lists videos that are in the trash since then or longer, the oldest first.
	TrashedSince(ctx context.Context, then time.Time, limit int) ([]VideoID, error)
	// PurgeVideo removes every row of a video that is in the trash since then or longer, and keeps
	// the keys of its objects as due at due; the folders that they lie in are due once more at
	// again. NotFound when it is not there, or not in the trash so long.
	PurgeVideo(ctx context.Context, id VideoID, then, due, again time.Time) error
	// AddDeletions keeps keys of objects that nothing names any more; those that end in "/" are
	// folders, due once more at again.
	AddDeletions(ctx context.Context, keys []string, due, again time.Time) error
	// ClaimDeletions takes rows that are due at now, the longest due first, and makes them due at
	// until: nobody else takes them before that.
	ClaimDeletions(ctx context.Context, now, until time.Time, limit int) ([]Deletion, error)
	// DropDeletion forgets a row whose objects are gone. A folder that is to be looked at again
	// stays until then. An absent one is no error.
	DropDeletion(ctx context.Context, d Deletion) error

	// MakeNotices puts a notice on up to limit videos that their workspace keeps no longer than
	// warn from now; each leaves when it is too old, at least warn from now. It answers how many.
	MakeNotices(ctx context.Context, now time.Time, warn time.Duration, limit int) (int, error)
	// DropNotices takes notices away that hold no longer: the workspace keeps the video after all,
	// or it is in the trash.
	DropNotices(ctx context.Context, now time.Time, warn time.Duration) (int, error)
	// LeavingVideos lists videos whose notice is over at now, the first to leave first.
	LeavingVideos(ctx context.Context, now time.Time, limit int) ([]VideoID, error)
	// TrashNoticed puts a video whose notice is over at now into the trash, and takes the notice
	// away. NotFound when somebody else has.
	TrashNoticed(ctx context.Context, id VideoID, now time.Time) error
	// ClaimNotices marks the notices of one person's videos as mailed, up to limit of them, and
	// lists them, the first to leave first; none when all were.
	ClaimNotices(ctx context.Context, now time.Time, limit int) ([]Notice, error)
	// UnclaimNotices makes notices unmailed again.
	UnclaimNotices(ctx context.Context, ids []VideoID) error

	// ListForExport lists ids, newest first: of a person, of a workspace, of both, or of all where
	// neither is given.
	ListForExport(ctx context.Context, q ExportQuery) ([]VideoKey, error)

	// SetAccountDeletion says when the account is deleted; nil: it stays. NotFound.
	SetAccountDeletion(ctx context.Context, id UserID, at *time.Time) error
	// AccountDeletionOf is when the account is deleted; nil: it stays. NotFound.
	AccountDeletionOf(ctx context.Context, id UserID) (*time.Time, error)
	// EndCredentials deletes every session, key and log-in link of the account.
	EndCredentials(ctx context.Context, id UserID) error
	// AccountsToDelete lists accounts whose time is over at now.
	AccountsToDelete(ctx context.Context, now time.Time, limit int) ([]UserID, error)
	// Belongings lists the workspaces that the account is in, or has videos in, the oldest first.
	// As the first statement of a transaction it keeps SetAccountDeletion for that account out
	// until the end.
	Belongings(ctx context.Context, id UserID) ([]Belonging, error)
	// PromoteToOwner makes another member of the workspace its owner: who stays rather than who
	// leaves, an admin rather than a member, the one who is longest there. NotFound when there is
	// nobody else.
	PromoteToOwner(ctx context.Context, id WorkspaceID, leaving UserID) (User, error)
	// PassOn gives the account's videos in a workspace to another owner of it, chosen alike, and
	// name to who made them.
	PassOn(ctx context.Context, id WorkspaceID, leaving UserID, name string) error
	// TrashAll puts every video of the workspace into the trash at that time, and lists up to limit
	// of them; none when there are no videos any more.
	TrashAll(ctx context.Context, id WorkspaceID, at time.Time, limit int) ([]VideoID, error)
	// DeleteWorkspace removes a workspace that has no videos and in which nobody but leaving is.
	// Conflict when it has, NotFound.
	DeleteWorkspace(ctx context.Context, id WorkspaceID, leaving UserID) error
	// DeleteUser removes an account whose time is over at now; its comments keep their text under
	// name. NotFound when it stays.
	DeleteUser(ctx context.Context, id UserID, name string, now time.Time) error
}
