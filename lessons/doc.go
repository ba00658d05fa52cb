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
//   - 63 s{run: #hangs time of SYN#6 sent} is a number with a mark behind it. The number is compared with the run of the
//     simulator, and the mark is not shown. See Marks.
//   - RFC 9293 section 3.4 is a citation, in prose, links and sources. The RFC must have that section (rfcs.txt).
//   - [ISN](glossary/isn.md) leads to a card of the glossary, [this](interview/10-beginner.md#why) to a question.
//   - > [!NOTE], [!TIP], [!IMPORTANT], [!WARNING] and [!CAUTION] are asides. > [!ANSWER] is hidden until the reader asks for it.
//   - ![The two queues](figures/queues.svg) is an image of the lessons folder; what stands in the brackets is read to who cannot see it.
//     A link may lead to such a file, or to a capture or a scenario, for the reader to take along.
//   - `seq 1001` and `ack 5001` in backquotes must be numbers of a segment of some run of the lesson.
//
// A lesson may say its level: beginner, working or expert; without it it has that of the lesson before.
//
// # Translations
//
// A lesson in another language stands beside it: 70-lost-segments.de.md is the German 70-lost-segments.md. Languages lists what there is.
// Its front matter has a title and a summary; all else is that of the original. It has other words, and nothing else of its own: the same
// headings in the same order, the same blocks with the same ids, attributes (but title), scenarios, right answers, goals, hints and
// solutions. Its headings get the anchors of the original's, so that a link leads to the same place in each language, and is written
// as in the original: [Sequenznummern](30-sequence-numbers.md#wrapping-around). Goals and limits of challenges take the author's words
// behind a colon, and misconceptions need a text, because those of the lab are in English.
//
// A translation is no lesson of the course: it hangs at its original (Lesson.Translations, Lesson.In), and one with a fault leaves the
// original as it is. What is searched and what is read as markdown is the original.
//
// # Beside the lessons
//
// A file of the folder glossary is a card: a word that lessons use, explained in 40 to 150 words. It has a heading, prose and
// blocks like a lesson; its front matter is
//
//	title: SYN cookie
//	kind: term                          # or state, flag, option, timer, counter, errno, sysctl, tool, attack
//	aliases: [syncookie]                # other names; no two cards share one
//	related: [syn-flood, isn]           # other cards, by their file names
//	sources: [RFC 4987 section 3.6]
//
// Which lessons speak of a card is found by their links, its title and its aliases.
//
// A file of the folder interview is a page of questions, each under a heading of level two. Its front matter is that of a lesson
// without minutes, needs and tags.
//
// A file of the folder author is a page for those who write lessons, which is no lesson of the course either. The lab comes with one, its
// guide, which shows each block with its source; a folder may have its own.
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
// at (where the playhead stands at first), ahead=no (the future is hidden until the learner gets there), vary (below): each learner
// gets a run with numbers of their own. Predictions about such a simulator vary with it; prose and marks cannot give its numbers, and
// a quiz of the kind field cannot be about it.
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
//	ask: flags of SEGMENT                    also seq, ack, window, sport, dport, offset, urgent, ttl, mss, wscale, tsval, tsecr
//	ask: length of SEGMENT                   how many bytes of data it carries
//	ask: time of SEGMENT [sent|arrived|lost]
//	ask: time of HOST told ETIMEDOUT         or connected, readable, … (package script, "told")
//	ask: state of HOST [after SEGMENT sent|arrived|lost] [at TIME]
//	ask: errno of HOST
//
// where SEGMENT is "SYN-ACK#2" (the second of its kind in the run), "SYN-ACK" (the next one), "next" (the next segment
// of any kind) or "next from server". The other keys are wrong answers: a named misconception, whose value is computed
// too (see Misconceptions), or "wrong VALUE". The text behind the colon is the feedback; a misconception has one of its
// own when it is left out. "other" is the feedback for what nobody thought of, with input=free, where the learner types
// a number instead of choosing.
//
// With vary=isn, vary=port or vary="isn,port" each learner gets numbers of their own, here as in a simulator: the run is played with
// several initial sequence numbers, or ports of the client, and one of these variants is chosen in the browser, the same one for a
// simulator and all questions about it. The question, its feedback and its VALUEs are written with the numbers
// of the simulator, in backquotes: `seq 1000`, `ack 5001`, `isn 1000`, `port 52431`, `1000`. In a variant they become its own.
//
// quiz is a question. Without more it has a task list; a quote below an option is its feedback:
//
//	```quiz {#why}
//	Why does the server send it again?
//
//	- [ ] The client asked.
//	  > It cannot: it does not know that there was one.
//	- [x] Its timer ran out.
//	```
//
// With kind=text it is answered by typing words, and with kind=number a number:
//
//	```quiz {#name kind=text}
//	What is a server's initial sequence number called that holds what the server would have to remember?
//
//	answer: SYN cookie | cookie
//	wrong syn cache: A cache is kept on the server.
//	right: Yes.
//	other: It is something to eat.
//	```
//
//	```quiz {#gives-up kind=number}
//	After how long does connect() on Linux give up?
//
//	answer: 131s ±1s
//	wrong 75s: That is the timer of BSD.
//	other: Add the waits up.
//	```
//
// Words are compared without case, spaces and backquotes. A number may have a unit (us, ms, s, min, h, bytes, KiB, or any other word); an answer
// without one is taken in that of the right answer. The text behind right, wrong and other is feedback.
//
// With kind=order an ordered list is to be put in its order; the page shows it shuffled. A quote below an entry says why it does not
// stand where the learner put it. Keys right and other may follow.
//
//	```quiz {#sequence kind=order}
//	Put them in the order in which they are sent.
//
//	1. The client's `SYN`
//	2. The server's `SYN-ACK`
//	   > It acknowledges something. What?
//	3. The client's `ACK`
//
//	other: What does each one answer?
//	```
//
// With kind=field it is the header of a segment with one field hidden, which the learner fills in; the engine knows the answer. The
// field is flags, seq, ack, sport, dport, offset, window, urgent, mss or wscale. Wrong answers are those of predict.
//
//	```quiz {#fill kind=field of=lost}
//	Which number does it acknowledge?
//
//	segment: SYN-ACK#2
//	field: ack
//	ack-equals-seq:
//	wrong 0: That is the field of a segment whose ACK bit is off.
//	```
//
// challenge is something to do in a simulator (package goal): text, then the lines goal, limit, hint and solution. The
// solution is played when the lesson is loaded and must reach the goals. Hints are shown one after the other. Who needs no more steps than
// the solution gets all ten points. Attributes: title, from (the simulator), at.
//
// ticket is a case of trouble. Its run is a scenario file below the lessons folder. The text is the symptom; each see line is
// something to look at and what that costs; a task list has the causes, of which one is right.
//
//	```ticket {#hangs run=tickets/hangs.lab title="connect() hangs for 131 seconds" points=10 wrong=2}
//	Since this morning the job waits two minutes, and then it says ETIMEDOUT.
//
//	see client tcpdump: 1
//	see server tcpdump: 2
//	see server ss at=30s: 2
//	see client app: 1
//
//	- [ ] The port is closed.
//	  > client tcpdump "[S]": A closed port answers with `[R.]`. Here each line is an `[S]`: nobody answers.
//	  >
//	  > server tcpdump: What does not arrive is not refused either.
//	  >
//	  > So far you have seen nothing that speaks for it.
//	- [x] A firewall on the way drops the `SYN` and says nothing.
//	  > Yes.
//	```
//
// What can be looked at is, of the client or the server, tcpdump (tcpdump -nn on that host), ss (ss -tan), ss-info (ss -tin), nstat,
// proc (/proc/net/tcp), state (each change of state) and app (what the application called and was told); with at=TIME as it is then, else
// when the run is over. Feedback on a cause is a quote; a paragraph that begins with something to look at is for who has looked there,
// and the text in quotes marks the lines that have it. The first paragraph that fits is shown, and one without such a beginning when none
// fits; it must not tell what was not paid for. A wrong cause costs as many points as the attribute wrong says (2), from 10 if points does
// not say otherwise. When the ticket is solved, its run can be opened as a simulator.
//
// capture is a capture file (pcap or pcapng) below the lessons folder, followed by the model and shown as a ladder to step through. The
// body is what there is to say. Attributes: file, title, conversation (its number in the file, 1 if left out), profile (linux).
//
//	```capture {#refused file=captures/refused.pcapng title="A closed port"}
//	The server's answer comes at once.
//	```
//
// # What stays on the server
//
// The exported fields of Predict, Quiz, Challenge and Ticket are what a page may show. Right answers, feedback, solutions and what is to
// be looked at are in unexported fields and come out of Check, Grade and Output alone.
//
// # Faults
//
// Every fault in a file is a diagnostic with line and column. A lesson with an error is left out of Course.Lessons and
// named in Course.Broken; the others are as if it were fine. Codes lists the codes of this package, and course/author/20-codes.md all that an author
// can meet, with an example of each.
package lessons

//go:generate go run ./internal/codetable -o course/author/20-codes.md
