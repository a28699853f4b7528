<?php
// No mail leaves, and nobody is asked whether their address is still right.
add_filter('pre_wp_mail', '__return_true');
add_filter('admin_email_check_interval', '__return_zero');
