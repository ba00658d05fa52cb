// Types of the bundle beside this file; made by web/browser/vendor.mjs.
export { Compartment, EditorState, RangeSet, StateEffect, StateField } from '@codemirror/state'
export { Decoration, EditorView, GutterMarker, drawSelection, gutterLineClass, highlightActiveLine, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view'
export { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
export { Language, defineLanguageFacet, syntaxHighlighting } from '@codemirror/language'
export { GFM, parser as markdown } from '@lezer/markdown'
export { classHighlighter } from '@lezer/highlight'
