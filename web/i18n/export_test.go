package i18n

// RulesIn returns how many rules the file of a language has.
func RulesIn(lang string) int { return len(catalogs[lang].rules) }
