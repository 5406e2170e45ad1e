// Checks the width of lines that no formatter can break: code ends by column 120, comments by 100.
// A tab counts four columns. Prints wider lines, and then ends with 1. Skips struct tags, raw
// strings of Go and templates of TypeScript: a break would change them.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const codeColumns = 120
const commentColumns = 100

const comment = /^\s*(\/\/|\/?\*)/
const unbreakable = /`|\/\/(go|nolint):|https?:\/\/\S{40}|biome-ignore/
const oneSentence = /^\s*(return |[\w .?:=']+[?:=] )?'[^']*'[,)]*$/ // TypeScript: Biome breaks no string

const made = new Set(['web/src/api/schema.d.ts'])
const files = execFileSync('git', ['ls-files', '*.go', '*.ts', '*.mjs'], { encoding: 'utf8' }).trim().split('\n')

let wide = 0
for (const file of files.filter((name) => !made.has(name))) {
  let inRaw = false // inside a ` string of several lines
  for (const [i, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    const wasRaw = inRaw
    if ((line.match(/`/g) ?? []).length % 2 === 1 && !comment.test(line)) inRaw = !inRaw
    const columns = [...line.replaceAll('\t', '    ')].length
    const limit = comment.test(line) && !wasRaw ? commentColumns : codeColumns
    if (columns <= limit || wasRaw || unbreakable.test(line)) continue
    if (!file.endsWith('.go') && oneSentence.test(line)) continue
    console.log(`${file}:${i + 1}: ${columns} columns, at most ${limit}`)
    wide++
  }
}
process.exitCode = wide > 0 ? 1 : 0
