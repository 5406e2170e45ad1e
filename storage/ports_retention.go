package storage

import (
	"context"
	"time"
)

// RetentionStore keeps what is needed to delete, export and retain.
type RetentionStore interface {
	// TrashedSince lists videos that have been in the trash since then or longer, the oldest first.
	TrashedSince(ctx context.Context, then time.Time, limit int) ([]VideoID, error)
	// SurplusTakes lists recordings of less than short in the trash that were thrown away while
	// they were made, without the last keep of each person in each workspace.
	SurplusTakes(ctx context.Context, keep int, short time.Duration, limit int) ([]VideoID, error)
	// PurgeVideo removes every row of a video that has been in the trash since then or longer. It
	// adds deletions of its objects, due at due; their folders are due once more at again. NotFound
	// if the video is not there, or not in the trash so long.
	PurgeVideo(ctx context.Context, id VideoID, then, due, again time.Time) error
	// AddDeletions adds deletions of objects that nothing refers to any more. Keys that end in "/"
	// are folders, due once more at again.
	AddDeletions(ctx context.Context, keys []string, due, again time.Time) error
	// ClaimDeletions takes deletions that are due at now, the longest due first, and makes them due
	// at until: nobody else takes them before that.
	ClaimDeletions(ctx context.Context, now, until time.Time, limit int) ([]Deletion, error)
	// DropDeletion removes a deletion whose objects are gone. A folder to be checked once more
	// stays until then. An absent one is no error.
	DropDeletion(ctx context.Context, d Deletion) error

	// MakeNotices adds a notice to up to limit videos that their workspace keeps no longer than
	// warn from now. Each leaves when it is too old, but at least warn from now. It returns how
	// many.
	MakeNotices(ctx context.Context, now time.Time, warn time.Duration, limit int) (int, error)
	// DropNotices removes notices that no longer hold: the workspace keeps the video after all, or
	// it is in the trash.
	DropNotices(ctx context.Context, now time.Time, warn time.Duration) (int, error)
	// LeavingVideos lists videos whose notice has run out at now, the first to leave first.
	LeavingVideos(ctx context.Context, now time.Time, limit int) ([]VideoID, error)
	// TrashNoticed puts a video whose notice has run out at now into the trash, and removes the
	// notice. NotFound if somebody else has.
	TrashNoticed(ctx context.Context, id VideoID, now time.Time) error
	// ClaimNotices marks up to limit notices of one person's videos as mailed and lists them, the
	// first to leave first; none if all were mailed.
	ClaimNotices(ctx context.Context, now time.Time, limit int) ([]Notice, error)
	// UnclaimNotices marks notices as not mailed again.
	UnclaimNotices(ctx context.Context, ids []VideoID) error

	// ListForExport lists video ids, newest first: of a person, of a workspace, of both, or all if
	// neither is given.
	ListForExport(ctx context.Context, q ExportQuery) ([]ExportKey, error)

	// SetAccountDeletion sets when the account is deleted; nil: it stays. NotFound.
	SetAccountDeletion(ctx context.Context, id UserID, at *time.Time) error
	// AccountDeletionOf returns when the account is deleted; nil: it stays. NotFound.
	AccountDeletionOf(ctx context.Context, id UserID) (*time.Time, error)
	// EndCredentials deletes every session, key and log-in link of the account.
	EndCredentials(ctx context.Context, id UserID) error
	// AccountsToDelete lists accounts that are due for deletion at now.
	AccountsToDelete(ctx context.Context, now time.Time, limit int) ([]UserID, error)
	// Belongings lists the workspaces that the account is in, or has videos in, the oldest first.
	// As the first statement of a transaction it blocks SetAccountDeletion for that account until
	// the end.
	Belongings(ctx context.Context, id UserID) ([]Belonging, error)
	// PromoteToOwner makes another member of the workspace its owner. It prefers a person who stays
	// over one who leaves, then an admin over a member, then the longest membership. NotFound if
	// there is nobody else.
	PromoteToOwner(ctx context.Context, id WorkspaceID, leaving UserID) (User, error)
	// TransferVideos gives the account's videos in a workspace to another owner, chosen in the same
	// way. It stores name as the one who made them.
	TransferVideos(ctx context.Context, id WorkspaceID, leaving UserID, name string) error
	// TrashAll puts every video of the workspace into the trash at that time, and lists up to limit
	// of them; none if no videos are left.
	TrashAll(ctx context.Context, id WorkspaceID, at time.Time, limit int) ([]VideoID, error)
	// DeleteWorkspace removes a workspace that has no videos and no members except leaving.
	// Conflict if it has, NotFound.
	DeleteWorkspace(ctx context.Context, id WorkspaceID, leaving UserID) error
	// DeleteUser removes an account that is due for deletion at now; its comments keep their text
	// under name. NotFound if it stays.
	DeleteUser(ctx context.Context, id UserID, name string, now time.Time) error
}
