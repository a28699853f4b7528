// Judges letters with tools that exist for Node only. Reads {name: {mjml, html}} from standard input, writes
// {name: {mjml: [...], html: [...]}} with everything that is wrong.
import { readFileSync } from "node:fs";
import { HtmlValidate, StaticConfigLoader } from "html-validate";
import mjml2html from "mjml";

// Rules that mail cannot keep, each with its reason. All others of "recommended" and "document" hold.
const exceptions = {
  "no-inline-style": "off", // programs that drop <style> read little else
  "no-deprecated-attr": "off", // align, border, cellpadding, cellspacing: what Outlook obeys
  "no-conditional-comment": "off", // Outlook's tables live in them
  "void-style": "off", // <img /> in XML's way, by the compiler
  "doctype-style": "off", // in small letters, by the compiler
  "prefer-tbody": "off", // rows of layout tables
  "no-redundant-role": "off", // role="table" says which of many tables is one of data
  "prefer-native-element": "off", // role="article" on a <div> survives where elements of HTML 5 do not; Outlook draws <hr> as it likes
  "long-title": "off", // the title is the subject, which may be longer than 70 letters
};

const htmlValidate = new HtmlValidate(
  new StaticConfigLoader({
    root: true,
    extends: ["html-validate:recommended", "html-validate:document"],
    rules: exceptions,
  }),
);

const found = {};
for (const [name, { mjml, html }] of Object.entries(JSON.parse(readFileSync(0, "utf-8")))) {
  // "soft" finds what "strict" refuses, and goes on to the next.
  const { errors } = mjml2html(mjml, { validationLevel: "soft" });
  const report = await htmlValidate.validateString(html);
  found[name] = {
    mjml: errors.map((error) => error.formattedMessage),
    html: report.results.flatMap((result) =>
      result.messages.map((one) => `${one.ruleId} (${one.line}:${one.column}): ${one.message}`),
    ),
  };
}
process.stdout.write(JSON.stringify(found));
