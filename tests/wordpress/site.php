<?php
// Install WordPress and write made-up articles into it; print what its database then says was published, as JSON.
define('WP_INSTALLING', true);
$_SERVER += ['HTTP_HOST' => '127.0.0.1', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/'];
function wp_mail() { return true; }
require $argv[1] . '/www/wp-load.php';
add_filter('pre_http_request', fn() => new WP_Error('alone', 'It asks nobody.'));
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
require_once ABSPATH . 'wp-admin/includes/image.php';

$admin = wp_install('صحيفة الواحة', 'admin', 'admin@example.org', true, '', wp_generate_password())['user_id'];
wp_set_current_user($admin);
foreach (get_posts(['numberposts' => -1, 'post_type' => ['post', 'page'], 'post_status' => 'any']) as $first) {
    wp_delete_post($first->ID, true);
}
update_option('timezone_string', 'Africa/Algiers');
update_option('blog_public', 1);
switch_theme('plain');
do_action('after_setup_theme');
global $wp_rewrite;
$wp_rewrite->init();
$wp_rewrite->set_permalink_structure('/%year%/%monthnum%/%postname%/');
create_initial_taxonomies();
$wp_rewrite->flush_rules(false);

$author = wp_insert_user(['user_login' => 'salma', 'user_pass' => wp_generate_password(), 'role' => 'author',
    'user_email' => 'salma@example.org', 'display_name' => 'سلمى الراوي']);
$sections = [];
foreach (['اقتصاد & أعمال', 'ثقافة & فنون', 'رياضة', 'محليات', 'علوم'] as $name) {
    $sections[] = wp_insert_term($name, 'category')['term_id'];
}

const OPENING = 'فتحت القرية السابعة على طريق الواحة سوقها الأسبوعي صباحا، وجاء إليه أهل المزارع القريبة بما جنوه من تمر وزيتون وعسل.';
const MIDDLE = 'وقال منظمو السوق إن عدد الباعة زاد على العام الماضي، وإن الطريق الجديدة قصّرت المسافة بين المزارع والميناء إلى النصف، فصار نقل البضائع أرخص وأسرع مما كان.';
const END = 'وتستمر السوق حتى غروب كل خميس، ثم تغلق أبوابها في موسم الأمطار وتعود مع أول أيام الربيع، كما جرت العادة في الواحة منذ أن حفر الأجداد بئرها الأولى.';

function body(int $number): string {
    return implode("\n\n", array_map(
        fn($text) => "<!-- wp:paragraph -->\n<p>$text</p>\n<!-- /wp:paragraph -->",
        [str_replace('السابعة', "رقم $number", OPENING), MIDDLE, END]
    ));
}

/** An attachment with a file; the sizes are told, not drawn: every file is the same small picture. */
function picture(int $post, string $name, array $widths, string $alt): int {
    $folder = wp_upload_dir();
    $png = base64_decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==');
    $sizes = [];
    foreach ($widths as $size => $width) {
        $file = $size === 'full' ? "$name.png" : "$name-{$width}x$width.png";
        file_put_contents("{$folder['path']}/$file", $png);
        if ($size !== 'full') {
            $sizes[$size] = ['file' => $file, 'width' => $width, 'height' => $width, 'mime-type' => 'image/png'];
        }
    }
    $id = wp_insert_attachment(['post_title' => $name, 'post_mime_type' => 'image/png', 'post_status' => 'inherit'],
        "{$folder['path']}/$name.png", $post);
    update_post_meta($id, '_wp_attachment_metadata', ['width' => $widths['full'], 'height' => $widths['full'],
        'file' => ltrim($folder['subdir'], '/') . "/$name.png", 'sizes' => $sizes]);
    update_post_meta($id, '_wp_attachment_image_alt', $alt);
    set_post_thumbnail($post, $id);
    return $id;
}

/** Each headline as an editor types it, and as a reader has to read it. */
$headlines = [
    ['سوق الواحة تفتح بابها رقم %d', 'سوق الواحة تفتح بابها رقم %d'],
    ['"عودة" الباعة إلى الساحة %d - 12 & ما بعدها... <em>تحليل</em>', '“عودة” الباعة إلى الساحة %d – 12 & ما بعدها… تحليل'],
    ['كم يكفي القرية من الماء؟ 3 &lt; %d &amp; أكثر', 'كم يكفي القرية من الماء؟ 3 < %d & أكثر'],
    ['الطريق الطويل الذي يقطعه الحرفيون كل صباح بين الجبل والبحر والمدينة القديمة والميناء الجديد في اليوم %d',
        'الطريق الطويل الذي يقطعه الحرفيون كل صباح بين الجبل والبحر والمدينة القديمة والميناء الجديد في اليوم %d'],
    ['«المَزارِعُ» تُضيءُ ليلَها في %d', '«المَزارِعُ» تُضيءُ ليلَها في %d'],
];
$widths = [
    ['full' => 1600, 'medium' => 300, 'medium_large' => 768, 'large' => 1024],
    ['full' => 500, 'medium' => 300],
    ['full' => 2000, 'medium' => 300, 'medium_large' => 768, 'letter' => 600],
    ['full' => 700, 'medium' => 300],
];
const WRITTEN = 'كتب المحرر هذا الملخص بيده للعدد %d، ولم يقطعه أحد.';
$first = new DateTimeImmutable('2025-11-02 00:30:00');
wp_defer_term_counting(true);
for ($number = 1; $number <= 120; $number++) {
    [$typed, $read] = $headlines[$number % 5];
    $moment = match ($number) {
        60 => new DateTimeImmutable('2025-11-12 23:30:00'),
        61 => new DateTimeImmutable('2025-11-13 00:30:00'),  // the 12th in Greenwich
        default => $first->modify('+' . ($number - 1) * 255 . ' minutes'),
    };
    $is_video = $number === 77;
    $chosen = match (true) {
        $number === 90 => [1],  // WordPress' own "Uncategorized"
        $number % 4 === 0 => [$sections[$number % 5], $sections[($number + 2) % 5]],
        default => [$sections[$number % 5]],
    };
    $id = wp_insert_post([
        'post_title' => sprintf($typed, $number), 'post_status' => 'publish', 'post_author' => $number % 3 ? $author : $admin,
        'post_date' => $moment->format('Y-m-d H:i:s'), 'post_category' => $chosen,
        'post_content' => $is_video ? '' : ($number === 44
            ? '<p><img src="/wp-content/uploads/في-النص.png" width="800" height="400" alt="صورة في النص"></p>' : '') . body($number),
        'post_excerpt' => $number % 6 || $is_video ? '' : sprintf(WRITTEN, $number),
        'tags_input' => $number % 2 ? ["موسم $number", 'أسواق & حرف'] : [],
        'comment_status' => 'closed', 'ping_status' => 'closed',
    ], true);
    is_wp_error($id) && exit(fwrite(STDERR, $id->get_error_message() . "\n"));
    update_post_meta($id, '_as_read', sprintf($read, $number));
    match (true) {
        $is_video => set_post_format($id, 'video'),
        in_array($number, [33, 44], true) => null,
        $number === 55 => update_post_meta($id, '_thumbnail_id', 999999),  // its picture was deleted
        default => picture($id, "صورة-$number", $widths[$number % 4], $number % 3 ? "وصف \"الصورة\" & ما فيها $number" : ''),
    };
    $number === 20 && stick_post($id);
}
wp_defer_term_counting(false);
$hidden = ['post_content' => body(0), 'post_date' => '2025-11-15 12:00:00'];
wp_insert_post(['post_title' => 'خلف كلمة سر', 'post_status' => 'publish', 'post_password' => 'x'] + $hidden);
wp_insert_post(['post_title' => 'مسودة', 'post_status' => 'draft'] + $hidden);
wp_insert_post(['post_title' => 'خاص', 'post_status' => 'private'] + $hidden);
wp_insert_post(['post_title' => 'في المهملات', 'post_status' => 'trash'] + $hidden);
wp_insert_post(['post_title' => 'مجدول', 'post_status' => 'future', 'post_date' => '2099-01-01 12:00:00'] + $hidden);
wp_insert_post(['post_title' => 'من نحن', 'post_status' => 'publish', 'post_type' => 'page'] + $hidden);

// From here on only SQL: what the interface says is what is being judged.
global $wpdb;
$terms = fn($id, $taxonomy) => $wpdb->get_col($wpdb->prepare("SELECT t.name FROM wp_terms t JOIN wp_term_taxonomy x USING (term_id)
    JOIN wp_term_relationships r USING (term_taxonomy_id) WHERE r.object_id = %d AND x.taxonomy = %s ORDER BY t.name", $id, $taxonomy));
$meta = fn($id, $key) => $wpdb->get_var($wpdb->prepare(
    'SELECT meta_value FROM wp_postmeta WHERE post_id = %d AND meta_key = %s', $id, $key));
$stuck = unserialize($wpdb->get_var("SELECT option_value FROM wp_options WHERE option_name = 'sticky_posts'"));
$found = [];
foreach ($wpdb->get_results("SELECT * FROM wp_posts WHERE post_type = 'post' AND post_status = 'publish' AND post_password = ''
        ORDER BY post_date DESC") as $post) {
    $media = (int) $meta($post->ID, '_thumbnail_id');
    $details = $media ? $meta($media, '_wp_attachment_metadata') : null;
    $found[] = [
        'id' => (int) $post->ID, 'title' => $meta($post->ID, '_as_read'), 'slug' => $post->post_name,
        'date' => $post->post_date, 'date_gmt' => $post->post_date_gmt, 'excerpt' => $post->post_excerpt,
        'content' => $post->post_content, 'author' => $wpdb->get_var("SELECT display_name FROM wp_users WHERE ID = $post->post_author"),
        'categories' => $terms($post->ID, 'category'), 'tags' => $terms($post->ID, 'post_tag'),
        'picture' => $details ? unserialize($details) : null, 'alt' => $media ? (string) $meta($media, '_wp_attachment_image_alt') : '',
        'sticky' => in_array((int) $post->ID, $stuck, true),
    ];
}
echo json_encode(['wordpress' => $wp_version, 'php' => PHP_VERSION, 'database' => $wpdb->get_var('SELECT VERSION()'),
    'articles' => $found], JSON_UNESCAPED_UNICODE | JSON_PRETTY_PRINT), "\n";
