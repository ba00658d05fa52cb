package diag

import "strings"

// Nearest returns the candidate that word was probably meant to be, or "" when none is near. Case does not count. Of
// equally near candidates the first is taken, so that a hint is the same each time.
func Nearest(word string, candidates ...string) string {
	// A typing mistake in a word of three letters leaves two; in a long word two mistakes still leave it recognizable.
	const longest = 40
	w := []rune(strings.ToLower(word))
	if len(w) < 2 || len(w) > longest {
		return ""
	}
	best, bestDistance := "", 1+(len(w)+1)/3
	for _, c := range candidates {
		if len(c) > longest {
			continue
		}
		if d := distance(w, []rune(strings.ToLower(c))); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// DidYouMean returns the hint "did you mean drop?", or otherwise when nothing is near.
func DidYouMean(otherwise, word string, candidates ...string) string {
	if c := Nearest(word, candidates...); c != "" {
		return "did you mean " + c + "?"
	}
	return otherwise
}

// distance is the number of single-letter insertions, deletions, substitutions and swaps of neighbours that lead from a
// to b (optimal string alignment).
func distance(a, b []rune) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range a {
		cur[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			cur[j+1] = min(prev[j]+cost, prev[j+1]+1, cur[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cur[j+1] = min(cur[j+1], prev2[j-1]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
