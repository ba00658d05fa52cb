// Types of the bundle beside this file; made by web/browser/vendor.mjs.
export { EditorState, RangeSet, StateEffect, StateField } from '@codemirror/state'
export { Decoration, EditorView, GutterMarker, gutterLineClass, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
export { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
export { Language, defineLanguageFacet, syntaxHighlighting } from '@codemirror/language'
export { GFM, parser as markdown } from '@lezer/markdown'
export { classHighlighter, tags } from '@lezer/highlight'
