// The editor of a lesson: CodeMirror over the textarea, which keeps the text all the same. It stands in a shadow root: there its
// style sheets are adopted ones, which our policy allows, and no <style> elements, which it refuses.
import {
  Decoration, EditorState, EditorView, GFM, GutterMarker, Language, RangeSet, StateEffect, StateField, classHighlighter, defaultKeymap,
  defineLanguageFacet, gutterLineClass, highlightActiveLine, history, historyKeymap, keymap, lineNumbers, markdown, syntaxHighlighting, tags,
} from '../../vendor/codemirror.js';

/** @typedef {import('../scene/marked.js').Fault} Fault */

/** The lines between two "---" at the beginning are no heading. */
const frontMatter = {
  defineNodes: [{ name: 'FrontMatter', block: true, style: tags.meta }],
  parseBlock: [{
    name: 'FrontMatter',
    before: 'HorizontalRule',
    /** @param {any} cx @param {{ text: string }} line */
    parse(cx, line) {
      if (cx.lineStart !== 0 || line.text !== '---') return false;
      while (cx.nextLine()) {
        if (line.text !== '---') continue;
        cx.nextLine();
        break;
      }
      cx.addElement(cx.elt('FrontMatter', 0, cx.prevLineEnd()));
      return true;
    },
  }],
};

const lesson = new Language(defineLanguageFacet(), markdown.configure([GFM, frontMatter]), [], 'markdown');

/** @type {import('@codemirror/state').StateEffectType<readonly Fault[]>} */
const tell = StateEffect.define();

class Bad extends GutterMarker {
  elementClass = 'bad';
}
const bad = new Bad();

/** @param {import('@codemirror/state').Text} doc @param {Fault} fault */
function place(doc, { line, col, endCol = col }) {
  const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const chars = [...at.text];
  const offset = (/** @type {number} */ c) => at.from + chars.slice(0, Math.max(c - 1, 0)).join('').length;
  const from = Math.min(offset(col), at.to), to = Math.max(from, Math.min(offset(endCol), at.to));
  return { line: at, from, to };
}

const drawn = StateField.define({
  create: () => ({ marks: Decoration.none, lines: /** @type {RangeSet<GutterMarker>} */ (RangeSet.empty) }),
  update(value, tr) {
    value = { marks: value.marks.map(tr.changes), lines: value.lines.map(tr.changes) };
    for (const effect of tr.effects) {
      if (!effect.is(tell)) continue;
      const places = effect.value.filter((f) => f.line > 0).map((f) => ({ f, ...place(tr.state.doc, f) }));
      value = {
        marks: Decoration.set(places.flatMap(({ f, line, from, to }) => {
          // a fault between two characters still needs something to be seen at
          const end = Math.max(to, Math.min(from + 1, line.to)), start = Math.min(from, Math.max(line.from, end - 1));
          return end > start ? [Decoration.mark({ class: `fault ${f.severity}` }).range(start, end)] : [];
        }), true),
        lines: RangeSet.of([...new Set(places.map((p) => p.line.from))].map((from) => bad.range(from)), true),
      };
    }
    return value;
  },
  provide: (field) => [EditorView.decorations.from(field, (v) => v.marks), gutterLineClass.from(field, (v) => v.lines)],
});

export class Editor {
  /**
   * @param {HTMLTextAreaElement} area
   * @param {{ changed: () => void, check: () => void, step: (by: number) => void, styles: CSSStyleSheet[] }} on
   */
  constructor(area, on) {
    this.area = area;
    const host = document.createElement('div');
    host.className = 'editor';
    host.lang = 'en';
    const root = host.attachShadow({ mode: 'open', delegatesFocus: true });
    area.before(host);
    area.hidden = true;
    const label = document.querySelector(`label[for="${area.id}"]`)?.textContent ?? '';
    /** @param {() => void} f */
    const does = (f) => () => { f(); return true; };
    this.view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: area.value,
        extensions: [
          lineNumbers(), history(), highlightActiveLine(), EditorView.lineWrapping, lesson, syntaxHighlighting(classHighlighter), drawn,
          EditorView.contentAttributes.of({ tabindex: '0', 'aria-label': label, spellcheck: 'true', autocapitalize: 'off' }),
          // The Tab key leaves the editor, as it leaves every field.
          keymap.of([
            { key: 'Mod-Enter', run: does(on.check) },
            { key: 'F8', run: does(() => on.step(1)), shift: does(() => on.step(-1)) },
            ...historyKeymap, ...defaultKeymap,
          ]),
          EditorView.updateListener.of((update) => {
            if (!update.docChanged) return;
            area.value = update.state.doc.toString();
            on.changed();
          }),
        ],
      }),
    });
    // behind those of the editor, so that ours win
    root.adoptedStyleSheets.push(...on.styles);
  }

  get value() { return this.area.value; }
  set value(text) {
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text }, selection: { anchor: 0 } });
  }

  get at() { return this.view.state.selection.main.head; }

  /** Puts a block below the line of the cursor, with blank lines around it. @param {string} block */
  insert(block) {
    const { doc } = this.view.state, line = doc.lineAt(this.at), next = line.number < doc.lines ? doc.line(line.number + 1).text : '';
    const before = line.text.trim() ? '\n\n' : '', after = next.trim() ? '\n' : '';
    const at = line.to;
    this.view.dispatch({
      changes: { from: at, insert: before + block + after },
      selection: { anchor: at + before.length },
      effects: EditorView.scrollIntoView(at + before.length, { y: 'start', yMargin: 40 }),
    });
    this.view.focus();
  }

  /** @param {readonly Fault[]} faults */
  mark(faults) { this.view.dispatch({ effects: tell.of(faults) }); }

  /** Puts the cursor on what is wrong. @param {Fault} fault */
  show(fault) {
    const { from, to } = place(this.view.state.doc, fault);
    this.view.dispatch({ selection: { anchor: from, head: to }, effects: EditorView.scrollIntoView(from, { y: 'center' }) });
    this.view.focus();
  }
}
