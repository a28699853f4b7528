<?php
// What may not stand in PHP that runs in a newsroom's WordPress; one line for each fault: php sniffs.php FILE…
//
// echo: each part is a fixed text, or the value of a function that escapes. $_POST and its like: within isset(), or
// through wp_unslash() and a function that sanitizes; and the function around looks at a nonce and at a capability.
const ESCAPES = '/^(esc_(html|attr|url|textarea|js)|wp_kses(_post|_data)?|wp_json_encode|checked|selected|disabled|absint|intval|nashra_tongue)$/';
const SANITIZES = '/^(sanitize_\w+|absint|intval|esc_url_raw|wp_verify_nonce|hash_equals|nashra_clean_value)$/';
const FORBIDDEN = ['eval', 'unserialize', 'extract', 'create_function', 'assert', 'error_log', 'var_dump', 'print_r', 'setcookie',
    'file_get_contents', 'curl_init', 'wp_mail', 'mail', 'exec', 'shell_exec', 'system', 'passthru', 'base64_decode', 'serialize',
    'phpinfo', 'md5', 'rand', 'mt_rand', 'session_start', 'wp_redirect', 'json_encode', 'date', 'strip_tags', 'parse_url'];
const SUPERGLOBALS = ['$_POST', '$_GET', '$_REQUEST', '$_COOKIE', '$_FILES', '$_SERVER', '$_ENV'];
const NEWER = ['T_MATCH', 'T_NULLSAFE_OBJECT_OPERATOR', 'T_ATTRIBUTE', 'T_ENUM', 'T_READONLY', 'T_NAME_QUALIFIED'];

function text($token): string { return is_array($token) ? $token[1] : $token; }

/** The tokens up to the one that ends the statement, without blanks and comments. */
function statement(array $tokens, int $at): array {
    for ($depth = 0, $found = []; $at < count($tokens); $at++) {
        $text = text($tokens[$at]);
        $depth += in_array($text, ['(', '[', '{'], true) ? 1 : (in_array($text, [')', ']', '}'], true) ? -1 : 0);
        if ($depth < 0 || ($depth === 0 && in_array($text, [';', '{'], true))) {
            break;
        }
        if (!in_array($tokens[$at][0], [T_WHITESPACE, T_COMMENT, T_DOC_COMMENT], true)) {
            $found[] = $tokens[$at];
        }
    }
    return $found;
}

/** What is put together in an expression, taken apart at its outermost dots, commas and choices. */
function parts(array $tokens): array {
    $parts = [[]];
    $depth = 0;
    foreach ($tokens as $token) {
        $text = text($token);
        $depth += in_array($text, ['(', '['], true) ? 1 : (in_array($text, [')', ']'], true) ? -1 : 0);
        if ($depth === 0 && in_array($text, ['.', ',', '?', ':'], true)) {
            $text === '?' ? array_pop($parts) : null;  // the question of a choice is not shown
            $parts[] = [];
        } else {
            $parts[array_key_last($parts)][] = $token;
        }
    }
    return array_filter($parts);
}

/** Whether nothing of a stranger can be in this part of an echo. */
function harmless(array $part): bool {
    if (count($part) === 1) {
        return is_array($part[0]) && in_array($part[0][0], [T_CONSTANT_ENCAPSED_STRING, T_LNUMBER], true);
    }
    if (text($part[0]) === '(' && text(end($part)) === ')') {
        return array_reduce(parts(array_slice($part, 1, -1)), fn($all, $one) => $all && harmless($one), true);
    }
    return is_array($part[0]) && $part[0][0] === T_STRING && text($part[1]) === '(' && preg_match(ESCAPES, $part[0][1]);
}

foreach (array_slice($argv, 1) as $file) {
    $tokens = token_get_all(file_get_contents($file));
    $function = ['', 0, []];
    $depth = 0;
    foreach ($tokens as $at => $token) {
        $text = text($token);
        $line = is_array($token) ? $token[2] : ($line ?? 1);
        $say = function (string $what) use ($file, &$line) { echo basename($file), ":$line: $what\n"; };
        if (is_array($token) && $token[0] === T_FUNCTION && is_array($tokens[$at + 2] ?? '') && $tokens[$at + 2][0] === T_STRING) {
            $function = [$tokens[$at + 2][1], $line, []];
            for ($end = $at, $braces = 0; $end < count($tokens); $end++) {
                $braces += text($tokens[$end]) === '{' ? 1 : (text($tokens[$end]) === '}' ? -1 : 0);
                if ($braces === 0 && text($tokens[$end]) === '}') {
                    break;
                }
            }
            $function[2] = array_map('text', array_slice($tokens, $at, $end - $at));
        }
        if (!is_array($token)) {
            continue;
        }
        in_array(token_name($token[0]), NEWER, true) && $say("PHP 7.4 does not know $text");
        if (in_array($token[0], [T_ECHO, T_PRINT, T_OPEN_TAG_WITH_ECHO], true)) {
            foreach (parts(statement($tokens, $at + 1)) as $part) {
                harmless($part) || $say('echo of ' . implode('', array_map('text', $part)));
            }
        }
        if ($token[0] === T_EVAL || ($token[0] === T_STRING && in_array(strtolower($text), FORBIDDEN, true)
                && text($tokens[$at + 1] ?? '') === '(' && !in_array(text($tokens[$at - 1]), ['->', '::'], true))) {
            $say("$text() is not wanted here");
        }
        if ($token[0] === T_STRING && preg_match('/^wp_(safe_)?remote_(get|post|request|head)$/', $text) && !in_array(basename($file), ['hook.php', 'signing.php'], true)) {
            $say("$text() belongs into hook.php or signing.php");
        }
        if ($token[0] === T_VARIABLE && in_array($text, SUPERGLOBALS, true)) {
            for ($start = $at; $start > 0 && !in_array(text($tokens[$start]), [';', '{', '}'], true); $start--);
            $around = array_map('text', array_slice($tokens, $start, $at - $start));
            $asked = array_intersect(['isset', 'empty'], array_slice($around, -3));
            $clean = in_array('wp_unslash', $around, true) && preg_grep(SANITIZES, $around);
            $asked || $clean || $say("$text as it came");
            $words = $function[2];
            if (!in_array($text, ['$_SERVER', '$_GET'], true)) {
                array_intersect(['check_admin_referer', 'wp_verify_nonce', 'check_ajax_referer'], $words) || $say("$text without a nonce");
                in_array('current_user_can', $words, true) || $say("$text without a capability");
            }
        }
    }
}
