#!/usr/bin/env bash
# A WordPress of one's own on loopback, with made-up articles, until this script is stopped.
#
#   tests/wordpress/site.sh DIR PORT [HOST] [articles|newsroom]
#
# Needs Debian's packages: wordpress php-cli php-mysql php-xml php-mbstring mariadb-server. DIR is made and holds
# everything: www/ (the site), base/ (the database), articles.json (what the database says was published).
# The file DIR/closed, while it is there, closes the REST interface with 401. "ready" is said when it answers.
# "articles" (the usual one) is a site to collect from: 120 posts. "newsroom" is one that people work in: in Arabic, with
# Debian's block theme, people of each role (newsroom.php), debug.log in DIR, three processes; it also needs wordpress-l10n,
# wordpress-theme-twentytwentythree and php-gd. WORDPRESS names another unpacked WordPress than /usr/share/wordpress.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)
port=$2
host=${3:-127.0.0.1}
kind=${4:-articles}
core=${WORDPRESS:-/usr/share/wordpress}
socket=$dir/db.sock
pids=()
stop() {
    ((${#pids[@]})) && kill -- "${pids[@]}" 2>/dev/null || true
    wait || true
}
trap stop EXIT
trap 'exit 0' INT TERM

if [ ! -d "$dir/base" ]; then
    mariadb-install-db --no-defaults --user="$(id -un)" --auth-root-authentication-method=normal --skip-test-db \
        --datadir="$dir/base" >"$dir/database.log" 2>&1
fi
mariadbd --no-defaults --user="$(id -un)" --datadir="$dir/base" --socket="$socket" --pid-file="$dir/db.pid" \
    --skip-networking --innodb-flush-log-at-trx-commit=0 >>"$dir/database.log" 2>&1 &
pids+=($!)
for _ in $(seq 100); do
    mariadb --no-defaults --user=root --socket="$socket" \
        -e 'CREATE DATABASE IF NOT EXISTS wordpress CHARACTER SET utf8mb4' 2>/dev/null && break
    sleep 0.1
done

if [ ! -f "$dir/articles.json" ]; then
    mkdir -p "$dir/www"
    tar -C "$core" -chf - --exclude=wp-content --exclude=.htaccess . | tar -C "$dir/www" -xf -
    mkdir -p "$dir/www/wp-content/"{themes/plain,mu-plugins,uploads,plugins}
    cp "$here/theme.php" "$dir/www/wp-content/themes/plain/index.php"
    printf '/* Theme Name: Plain */\n' >"$dir/www/wp-content/themes/plain/style.css"
    cp "$here/habits.php" "$dir/www/wp-content/mu-plugins/habits.php"
    more=
    if [ "$kind" = newsroom ]; then
        cp -rL "$core/wp-content/themes/." "$dir/www/wp-content/themes/"
        mkdir -p "$dir/www/wp-content/languages" "$dir/www/wp-content/upgrade"
        for file in ar.mo admin-ar.mo; do
            cp -L "$core/wp-content/languages/$file" "$dir/www/wp-content/languages/"
        done
        cp "$here/quiet.php" "$dir/www/wp-content/mu-plugins/quiet.php"
        more="define('WP_DEBUG', true); define('WP_DEBUG_DISPLAY', false); define('WP_DEBUG_LOG', '$dir/debug.log');
define('WP_ACCESSIBLE_HOSTS', '127.0.0.1'); define('WP_ENVIRONMENT_TYPE', 'local'); define('FS_METHOD', 'direct');
define('WP_MEMORY_LIMIT', '256M');"
    fi
    cat >"$dir/www/wp-config.php" <<PHP
<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:$socket');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('WP_HOME', 'http://$host:$port');
define('WP_SITEURL', 'http://$host:$port');
define('SITE_DIR', '$dir');
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
$more
\$table_prefix = 'wp_';
defined('ABSPATH') || define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
PHP
    php "$here/$([ "$kind" = newsroom ] && echo newsroom || echo site).php" "$dir" >"$dir/articles.new"
    mv "$dir/articles.new" "$dir/articles.json"
    rm -f "$dir/debug.log" # what installing complains of is no plugin's
fi

[ "$kind" = newsroom ] && export PHP_CLI_SERVER_WORKERS=3
set -m # PHP's workers outlive the one that began them: all of them are one group, which is stopped
php -d display_errors=0 -d upload_max_filesize=8M -d opcache.revalidate_freq=0 -S "127.0.0.1:$port" -t "$dir/www" "$here/router.php" >>"$dir/web.log" 2>&1 &
pids+=("-$!")
set +m
for _ in $(seq 100); do
    php -r "exit(@fsockopen('127.0.0.1', $port) ? 0 : 1);" && break
    sleep 0.1
done
echo ready
wait
