// What a guest wrote and the list does not tell, because it waits for approval: it stands there
// again after a reload.
import { fetchComment } from '../api/comments'
import { wasCancelled } from '../api/request'
import type { Talk } from './talk'

/** More than a guest can say in an hour. */
const AT_MOST = 20

export async function bringOwnHeld(talk: Talk): Promise<void> {
  const missing = talk.guest.written().filter((id) => !talk.conversation.get(id))
  for (const id of missing.slice(-AT_MOST)) {
    try {
      const comment = await fetchComment(talk.token, id, talk.guest.editToken(id) ?? '', talk.signal)
      talk.conversation.merge([{ at: 'live', comment, seq: comment.seq }])
      talk.changed()
    } catch (error) {
      if (wasCancelled(error)) return // else it was deleted, and shows no more
    }
  }
}
