<?php
// PHP's own web server, with the addresses that a real one rewrites: what is no file is WordPress' to answer.
$path = rawurldecode(strtok($_SERVER['REQUEST_URI'], '?'));
$file = $_SERVER['DOCUMENT_ROOT'] . $path . (substr($path, -1) === '/' ? 'index.php' : '');
if ($path !== '/' && is_file($file)) {
    return false;
}
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
$_SERVER['SCRIPT_FILENAME'] = $_SERVER['DOCUMENT_ROOT'] . '/index.php';
chdir($_SERVER['DOCUMENT_ROOT']);
require 'index.php';
