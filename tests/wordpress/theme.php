<?php // The plainest theme: a head with WordPress' own links, and the posts. ?>
<!doctype html>
<html dir="rtl" lang="ar">
<head><meta charset="utf-8"><?php wp_head(); ?></head>
<body <?php body_class(); ?>>
<?php while (have_posts()) : the_post(); ?>
<article <?php post_class(); ?>>
<h1 class="entry-title"><a href="<?php the_permalink(); ?>"><?php the_title(); ?></a></h1>
<time datetime="<?php echo esc_attr(get_the_date('c')); ?>"><?php echo esc_html(get_the_date()); ?></time>
<?php the_post_thumbnail('large'); ?>
<div class="entry-content"><?php is_singular() ? the_content() : the_excerpt(); ?></div>
</article>
<?php endwhile; wp_footer(); ?>
</body>
</html>
