<?php
// The tables of MailPoet with nine people: run inside the site by ask.php; returns the database's last complaint.
global $wpdb;
$p = $wpdb->prefix . 'mailpoet_';
$wpdb->query("CREATE TABLE {$p}subscribers (id int PRIMARY KEY, email varchar(150), first_name varchar(99), status varchar(12),
  subscribed_ip varchar(45), confirmed_at timestamp NULL, last_subscribed_at timestamp NULL, deleted_at timestamp NULL)");
$wpdb->query("CREATE TABLE {$p}segments (id int PRIMARY KEY, name varchar(90), type varchar(90), deleted_at timestamp NULL)");
$wpdb->query("CREATE TABLE {$p}subscriber_segment (id int PRIMARY KEY AUTO_INCREMENT, subscriber_id int, segment_id int,
  status varchar(12), created_at timestamp NULL)");
$wpdb->query("INSERT INTO {$p}segments VALUES (1, 'قراء', 'default', NULL), (2, 'users', 'wp_users', NULL), (3, 'old', 'default', '2020-01-01')");
$at = '2022-01-02 03:04:05';
$people = [[1, 'ok@example.net', 'subscribed', [[1, 'subscribed']]], [2, 'left@example.net', 'subscribed', [[1, 'unsubscribed']]],
  [3, 'gone@example.net', 'unsubscribed', []], [4, 'back@example.net', 'bounced', []], [5, 'user@example.net', 'subscribed', [[2, 'subscribed']]],
  [6, '+plus@example.net', 'inactive', [[1, 'subscribed']]], [7, 'wait@example.net', 'unconfirmed', [[1, 'subscribed']]],
  [8, 'trash@example.net', 'subscribed', [[1, 'subscribed']]], [9, 'old@example.net', 'subscribed', [[3, 'subscribed']]]];
foreach ($people as [$id, $email, $status, $lists]) {
  $wpdb->query($wpdb->prepare("INSERT INTO {$p}subscribers VALUES (%d, %s, 'س', %s, '192.0.2.4', %s, %s, " . ($id === 8 ? "'$at'" : 'NULL') . ")",
    $id, $email, $status, $at, $at));
  foreach ($lists as [$list, $is]) {
    $wpdb->query($wpdb->prepare("INSERT INTO {$p}subscriber_segment (subscriber_id, segment_id, status) VALUES (%d, %d, %s)", $id, $list, $is));
  }
}
return $wpdb->last_error;
