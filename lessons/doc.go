// Package lessons turns markdown files into lessons.
//
// A lesson is one file, such as 70-lost-segments.md. Its slug is the name without the number: lost-segments. It reads well
// on any git host: front matter, one heading of the first level, prose, and fenced blocks.
//
//	---
//	title: When the SYN-ACK is lost
//	summary: One lost segment, one timer.
//	order: 30
//	minutes: 10
//	needs: [three-segments]
//	tags: [retransmission]
//	sources: [RFC 6298 section 5]
//	---
//
//	# When the `SYN-ACK` is lost
//
// # Prose
//
// GitHub flavoured markdown without raw HTML. What it means here:
//
//   - `SYN`, `SYN-ACK`, `RST` … in backquotes become chips, `SYN-RECEIVED` and the other states become state names.
//   - [1,050 ms](#lost@1050ms) moves the playhead of the simulator #lost. A list in which every item starts with such a
//     link is a list of steps. A link text that is a time must be the time of its target.
//   - [Sequence numbers](30-sequence-numbers.md#wrapping-around) leads to another lesson, as it does on the git host.
//   - > [!NOTE], [!TIP], [!IMPORTANT], [!WARNING] and [!CAUTION] are asides.
//   - 63 s{run: #hangs time of SYN#6 sent} is a number with a mark behind it. The number is compared with the run of the
//     simulator, and the mark is not shown. See Marks.
//   - `seq 1001` and `ack 5001` in backquotes must be numbers of a segment of some run of the lesson.
//
// # Marks
//
// A mark {run: #NAME ASK} stands behind a number without a blank, and says where in the run of the simulator #NAME the number comes
// from. It may go on in the next line; emphasis and backquotes may stand around the number, `ack 301`{run: #lost ack of SYN-ACK}.
// NAME may also be a prediction: then the run is the one with its "do" lines. ASK is what "ask" of a prediction may be (below), or
//
//	{run: #lost time from SYN#1 to SYN#2}           the time between; each may be sent, arrived or lost: from SYN#1 lost to …
//	{run: #lost duration of client connect}         from the first such call until the application is told something about it
//	{run: #lost count of SYN}                       how many there are; also: count of ACK arrived, count of ACK lost from server
//	{run: #lost counter server ListenOverflows}     what nstat shows at the end, TcpExt left out or not
//	{run: #lost mss of SYN}                         also wscale, window, length, ttl, tsval, tsecr
//
// What is asked decides what must stand there: a time with its unit, "3 s", "1,050 ms", "three minutes"; a number, "1,460", "six";
// or a word, "`SYN-ACK`", "`SYN-RECEIVED`", "`ETIMEDOUT`". A time must be right to the last digit that is written: 131 s is right for
// 131.07 s, and 131.0 s is not. In lessons in German or Spanish the comma and the point change their roles, as they do there.
//
// # Blocks
//
// A block is a fence at the left margin whose info line is a kind and attributes: ```tcpsim {#lost at=1075ms}. The id is
// required; readers link to it, and progress is kept by it.
//
// tcpsim is a simulator. Its body is a scenario (package script), which is run when the lesson is loaded. Attributes: title,
// at (where the playhead stands at first), ahead=no (the future is hidden until the learner gets there).
//
// predict asks what will happen next in a simulator; the engine computes the answer:
//
//	```predict {#third of=lost at=1075ms}
//	You drop this copy too. When does the server send the next one?
//
//	do: drop SYN-ACK#2
//	ask: time of SYN-ACK#3 sent
//	right: Yes, the timer had doubled.
//	timer-not-doubled:
//	timer-from-loss: Nobody tells the server about the loss.
//	```
//
// "of" names the simulator and "at" the instant of the question, without it the start of the run. Each "do" line is an
// action at that instant. After it the run goes on until nothing is left to happen; without "do" the scenario goes on as
// written. "ask" is one of
//
//	ask: flags of SEGMENT                    also seq, ack
//	ask: time of SEGMENT [sent|arrived|lost]
//	ask: state of HOST [after SEGMENT sent|arrived|lost] [at TIME]
//	ask: errno of HOST
//
// where SEGMENT is "SYN-ACK#2" (the second of its kind in the run), "SYN-ACK" (the next one), "next" (the next segment
// of any kind) or "next from server". The other keys are wrong answers: a named misconception, whose value is computed
// too (see Misconceptions), or "wrong VALUE". The text behind the colon is the feedback; a misconception has one of its
// own when it is left out. "other" is the feedback for what nobody thought of, with input=free, where the learner types
// a number instead of choosing.
//
// quiz is a question with a task list; a quote below an option is its feedback:
//
//	```quiz {#why}
//	Why does the server send it again?
//
//	- [ ] The client asked.
//	  > It cannot: it does not know that there was one.
//	- [x] Its timer ran out.
//	```
//
// challenge is something to do in a simulator (package goal): text, then the lines goal, limit, hint and solution. The
// solution is played when the lesson is loaded and must reach the goals. Attributes: title, from (the simulator), at.
//
// # What stays on the server
//
// The exported fields of Predict, Quiz and Challenge are what a page may show. Right answers, feedback and solutions are
// in unexported fields and come out of Check and Grade alone.
//
// # Faults
//
// Every fault in a file is a diagnostic with line and column. A lesson with an error is left out of Course.Lessons and
// named in Course.Broken; the others are as if it were fine. Codes lists the codes of this package.
package lessons
