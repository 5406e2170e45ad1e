// A guest's own comments that wait for approval. The list does not have them, so they are fetched
// after a reload.
import { fetchComment } from '../api/comments'
import { wasCancelled } from '../api/request'
import type { PageContext } from './page-context'

/** More than a guest can post in an hour. */
const AT_MOST = 20

export async function loadOwnHeldComments(context: PageContext): Promise<void> {
  const missing = context.guest.written().filter((id) => !context.conversation.get(id))
  for (const id of missing.slice(-AT_MOST)) {
    try {
      const comment = await fetchComment(context.token, id, context.guest.editToken(id) ?? '', context.signal)
      context.conversation.merge([{ at: 'live', comment, seq: comment.seq }])
      context.changed()
    } catch (error) {
      if (wasCancelled(error)) return // else it was deleted and stays away
    }
  }
}
