// What an upload says about itself, in words.
import { percent, secondsLeft, type Upload } from './upload'

/** phaseWords is the state in a few words, without numbers that change all the time. */
export function phaseWords(u: Upload): string {
  switch (u.phase.at) {
    case 'queued':
      return 'Next in line'
    case 'starting':
      return u.link ? 'Checking how much has arrived' : 'Making the link'
    case 'sending':
      return `Uploading ${percent(u)} %`
    case 'waiting':
      return u.phase.because === 'network'
        ? 'Waiting for the network. Nothing is lost.'
        : 'The server is not answering. Trying again; nothing is lost.'
    case 'paused':
      return u.sentBytes > 0 ? `Paused at ${percent(u)} %` : 'Paused'
    case 'signed-out':
      return 'Your session has ended. Nothing is lost.'
    case 'refused':
      return u.phase.reason
    case 'done':
      return 'Uploaded'
    default: {
      const unexpected: never = u.phase
      return unexpected
    }
  }
}

/** announcement is what a screen reader says when the phase changes; empty if there is no news. */
export function announcement(before: Upload, after: Upload): string {
  if (before.phase.at === after.phase.at) return ''
  switch (after.phase.at) {
    case 'queued':
    case 'starting':
      return ''
    case 'sending':
      return before.phase.at === 'waiting' || before.phase.at === 'signed-out'
        ? `${after.fileName}: going on.`
        : `Uploading ${after.fileName}.`
    case 'done':
      return `${after.fileName} is uploaded.`
    default:
      return `${after.fileName}: ${phaseWords(after)}`
  }
}

/** figures are the quiet details beside a running upload. */
export function figures(u: Upload): string {
  const parts = [`${sizeWords(u.sentBytes)} of ${sizeWords(u.sizeBytes)}`]
  if (u.phase.at === 'sending' && u.phase.speed && u.phase.speed.bytesPerSecond >= 1)
    parts.push(`${sizeWords(u.phase.speed.bytesPerSecond)}/s`)
  const left = secondsLeft(u)
  if (left !== null) parts.push(leftWords(left))
  return parts.join(' · ')
}

/** sizeWords uses powers of ten, like file managers and providers. */
export function sizeWords(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = bytes / 1000
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value.toFixed(value < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`
}

/** leftWords rounds roughly: a guess that changes every second does not help. */
export function leftWords(seconds: number): string {
  if (seconds < 10) return 'a few seconds left'
  if (seconds < 55) return `about ${Math.ceil(seconds / 10) * 10} s left`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `about ${Math.max(1, minutes)} min left`
  const hours = Math.round(minutes / 6) / 10
  return `about ${hours} h left`
}

/** titleFrom is the title that the server makes from a file's name. */
export function titleFrom(fileName: string): string {
  return fileName.replace(/\.[^.]*$/, '') || 'Untitled update'
}
