// Knows the Handlebars helpers of the gateway, and lists them beside the forms.

import { debounce, fill, h } from './dom.js';

const BLOCKS = new Set([
  'urlEncode',
  'base64',
  'md5',
  'sha1',
  'sha256',
  'breaklines',
  'ifEq',
  'ifGt',
  'ifGte',
  'ifLt',
  'ifLte',
  'eq',
  'gt',
  'gte',
  'lt',
  'lte',
  'ifModEq',
  'ifContainsStr',
  'ifMatchesRegexStr',
  'minInList',
  'maxInList',
  'if',
  'unless',
  'each',
  'with',
]);
const ONLY_BLOCKS = new Set([
  'ifEq',
  'ifGt',
  'ifGte',
  'ifLt',
  'ifLte',
  'ifModEq',
  'ifContainsStr',
  'ifMatchesRegexStr',
  'minInList',
  'maxInList',
  'if',
  'unless',
  'each',
  'with',
]);

// Name, arguments, what it does, an example.
const TABLE = [
  ['urlEncode', 'value', 'Encodes a value for a URL.', '{{#urlEncode}}{{email}}{{/urlEncode}}'],
  ['defaultIfEmpty', 'value default', 'The default where the value is missing or empty.', '{{defaultIfEmpty city "Unknown"}}'],
  ['capitalize', 'value [fully=true]', 'Each word with a capital.', '{{capitalize "new york"}} → New York'],
  ['capitalizeFirst', 'value', 'The first letter as a capital.', '{{capitalizeFirst firstName}}'],
  ['upper', 'value', 'All in capitals.', '{{upper state}}'],
  ['lower', 'value', 'All in small letters.', '{{lower email}}'],
  ['cut', 'value [text]', 'Takes a text out, a space by default.', '{{cut "1-2-3" "-"}} → 123'],
  ['replace', 'value text by', 'Replaces a text, everywhere.', '{{replace "a.b" "." "/"}} → a/b'],
  ['substring', 'value start [end]', 'A part, counted from 0.', '{{substring "journey" 1 4}} → our'],
  ['abbreviate', 'value length', 'Cuts with three points at the end.', '{{abbreviate title 20}}'],
  ['slugify', 'value', 'Fit for a path: plain small letters and hyphens.', '{{slugify "Über Deal"}} → uber-deal'],
  ['center', 'value size= [pad=]', 'Padded on both sides.', '{{center code size=8}}'],
  ['ljust', 'value size= [pad=]', 'Padded on the right.', '{{ljust "ab" size=4 pad="."}} → ab..'],
  ['rjust', 'value size= [pad=]', 'Padded on the left.', '{{rjust code size=6 pad="0"}}'],
  ['join', 'list separator [prefix= suffix=]', 'The items of a list in one text.', '{{join tags ", "}}'],
  ['length', 'value', 'How many items or letters.', '{{length items}}'],
  ['toJson', 'value', 'As compact JSON.', '{{toJson items}}'],
  ['toUrlEncodedJson', 'value', 'As JSON, encoded for a URL.', '{{toUrlEncodedJson items}}'],
  ['base64', 'value', 'In Base64.', '{{base64 userId}}'],
  ['md5', 'value', 'MD5 in hexadecimal.', '{{md5 email}}'],
  ['sha1', 'value', 'SHA-1 in hexadecimal.', '{{sha1 email}}'],
  ['sha256', 'value', 'SHA-256 in hexadecimal.', '{{sha256 (lower email)}}'],
  ['hmacSHA1', 'value key', 'HMAC with SHA-1.', '{{hmacSHA1 userId key}}'],
  ['hmacSHA256', 'value key', 'HMAC with SHA-256.', '{{hmacSHA256 userId key}}'],
  ['now', '[format tz=]', 'This moment.', '{{now "yyyy-MM-dd"}}'],
  ['dateFormat', 'time [format tz= time=]', 'A time in another form.', '{{dateFormat signupDate "MMM d, yyyy"}}'],
  ['dateMath', 'time offset [format= tz=]', 'A time moved on or back; units y M w d h m s.', '{{dateMath "now" "+1d"}}'],
  ['numberFormat', 'number [format]', 'integer, percent, currency or a pattern.', '{{numberFormat 1234.5 "#,##0.00"}} → 1,234.50'],
  ['stringFormat', 'format values…', 'As in Java: %s %d %.2f %05d.', '{{stringFormat "%05d" count}}'],
  ['stripTags', 'value', 'Without <…>.', '{{stripTags bio}}'],
  ['yesno', 'value [yes= no= maybe=]', 'A word for true, false or missing.', '{{yesno subscribed yes="on" no="off"}}'],
  ['breaklines', 'value', 'Line ends as <br/>.', '{{breaklines note}}'],
  ['math', 'a operator b', 'Decimal arithmetic: + - * / %.', '{{math total "/" 100}}'],
  ['ifEq', 'a b', 'Where both are equal.', '{{#ifEq color "red"}}…{{else}}…{{/ifEq}}'],
  ['ifGt', 'a b', 'Where a is greater.', '{{#ifGt total 100}}…{{/ifGt}}'],
  ['ifGte', 'a b', 'Where a is greater or equal.', '{{#ifGte total 100}}…{{/ifGte}}'],
  ['ifLt', 'a b', 'Where a is less.', '{{#ifLt total 100}}…{{/ifLt}}'],
  ['ifLte', 'a b', 'Where a is less or equal.', '{{#ifLte total 100}}…{{/ifLte}}'],
  ['eq', 'a b', 'true or false: equal.', '{{eq color "red"}}'],
  ['gt', 'a b', 'true or false: greater.', '{{gt total 100}}'],
  ['gte', 'a b', 'true or false: greater or equal.', '{{gte total 100}}'],
  ['lt', 'a b', 'true or false: less.', '{{lt total 100}}'],
  ['lte', 'a b', 'true or false: less or equal.', '{{lte total 100}}'],
  ['and', 'values…', 'Whether all are true.', '{{#if (and city state)}}…{{/if}}'],
  ['or', 'values…', 'Whether one is true.', '{{#if (or city state)}}…{{/if}}'],
  ['not', 'value', 'Whether it is false, empty or missing.', '{{#if (not city)}}…{{/if}}'],
  ['ifModEq', 'a divisor remainder', 'Where the division leaves the remainder.', '{{#ifModEq count 7 0}}…{{/ifModEq}}'],
  ['ifContainsStr', 'value text', 'Where the text is in it.', '{{#ifContainsStr email "@example."}}…{{/ifContainsStr}}'],
  [
    'ifMatchesRegexStr',
    'value pattern',
    'Where the pattern is found in it.',
    '{{#ifMatchesRegexStr zip "^94"}}…{{/ifMatchesRegexStr}}',
  ],
  ['minInList', 'list field', 'The item with the least field.', '{{#minInList items "price"}}{{name}}{{/minInList}}'],
  ['maxInList', 'list field', 'The item with the greatest field.', '{{#maxInList items "price"}}{{name}}{{/maxInList}}'],
  ['if', 'value', 'Where there is a value.', '{{#if city}}…{{else}}…{{/if}}'],
  ['unless', 'value', 'Where there is none.', '{{#unless city}}…{{/unless}}'],
  ['each', 'list', 'Once for each item.', '{{#each items}}{{name}}{{/each}}'],
  ['with', 'value', 'Inside a value.', '{{#with profile}}{{city}}{{/with}}'],
  ['lookup', 'object name', 'A field whose name is itself a value.', '{{lookup prices plan}}'],
];

export const HELPERS = TABLE.map(([name, args, what, example]) => ({
  name,
  args,
  what,
  example,
  block: BLOCKS.has(name),
  inline: !ONLY_BLOCKS.has(name),
}));

/** The list of helpers, with a search of its own. */
export function helpersPanel() {
  const found = h('p', { class: 'hint', role: 'status' });
  const list = h('dl', { class: 'helpers' });
  const draw = (words) => {
    const shown = HELPERS.filter((one) => `${one.name} ${one.what}`.toLowerCase().includes(words));
    fill(found, words ? `${shown.length} of ${HELPERS.length} helpers` : '');
    fill(
      list,
      shown.map((one) =>
        h(
          'div',
          {},
          h('dt', {}, h('code', {}, one.name), h('span', { class: 'hint' }, ` ${one.args}`)),
          h('dd', {}, one.what, h('code', { class: 'example' }, one.example)),
        ),
      ),
    );
  };
  draw('');
  const search = h('input', {
    id: 'helper-search',
    type: 'search',
    autocomplete: 'off',
    oninput: debounce(150, (event) => draw(event.target.value.trim().toLowerCase())),
  });
  return h(
    'details',
    { class: 'panel' },
    h('summary', {}, h('h2', {}, 'Handlebars helpers')),
    h('p', { class: 'hint' }, 'Type {{ in a templated field to complete a helper or a field of the sample.'),
    h('label', { for: 'helper-search' }, 'Find a helper'),
    search,
    found,
    h('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Helpers' }, list),
  );
}
