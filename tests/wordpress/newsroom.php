<?php
// Install a WordPress that people work in: Arabic, a block theme, people of each role, six posts. Prints the posts, as JSON.
define('WP_INSTALLING', true);
$_SERVER += ['HTTP_HOST' => '127.0.0.1', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/'];
require $argv[1] . '/www/wp-load.php';
add_filter('pre_http_request', fn() => new WP_Error('alone', 'It asks nobody.'));
require_once ABSPATH . 'wp-admin/includes/upgrade.php';

const PASSWORD = 'palms-by-the-well-7';
$admin = wp_install('صحيفة الواحة', 'admin', 'admin@example.org', true, '', PASSWORD, 'ar')['user_id'];
wp_set_current_user($admin);
foreach (get_posts(['numberposts' => -1, 'post_type' => ['post', 'page'], 'post_status' => 'any']) as $first) {
    wp_delete_post($first->ID, true);
}
foreach (['editor', 'author', 'contributor', 'subscriber'] as $role) {
    wp_insert_user(['user_login' => $role, 'user_pass' => PASSWORD, 'role' => $role, 'user_email' => "$role@example.org",
        'display_name' => "مستخدم $role"]);
}
update_option('timezone_string', 'Africa/Algiers');
update_option('WPLANG', 'ar');
update_option('blog_public', 1);
$themes = array_diff(array_keys(wp_get_themes()), ['plain']);
rsort($themes);
switch_theme($themes ? reset($themes) : 'plain');
global $wp_rewrite;
$wp_rewrite->init();
$wp_rewrite->set_permalink_structure('/%year%/%monthnum%/%postname%/');
create_initial_taxonomies();
$wp_rewrite->flush_rules(false);
$sections = [];
foreach (['اقتصاد', 'رياضة'] as $name) {
    $sections[] = wp_insert_term($name, 'category')['term_id'];
}
$found = [];
foreach (['سوق الواحة تفتح أبوابها', 'الفريق يفوز في الملعب الجديد', 'المكتبة الليلية تستقبل قراءها', 'مزارع التمر تبدأ الحصاد',
        'طريق جديدة إلى الميناء', 'البئر القديمة تعود إلى العمل'] as $number => $title) {
    $words = "افتتح سكان القرية $title صباح اليوم بحضور أهل الواحة، وقالوا إن العمل فيه دام عامين كاملين.";
    $id = wp_insert_post(['post_title' => $title, 'post_name' => 'maqal-' . ($number + 1), 'post_status' => 'publish',
        'post_author' => $admin, 'post_category' => [$sections[$number % 2]], 'post_date' => '2026-11-0' . ($number + 1) . ' 09:00:00',
        'post_content' => "<!-- wp:paragraph -->\n<p>$words</p>\n<!-- /wp:paragraph -->", 'comment_status' => 'closed']);
    $found[] = ['id' => $id, 'title' => $title, 'url' => get_permalink($id)];
}
echo json_encode(['wordpress' => $wp_version, 'articles' => $found], JSON_UNESCAPED_UNICODE | JSON_PRETTY_PRINT), "\n";
