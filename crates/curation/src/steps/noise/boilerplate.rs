use triaxis_random::Stream;

use super::{Damage, one_of};

/// Lines such as pages have around their text.
const LINES: [&str; 24] = [
    "Skip to main content",
    "Home | About us | Contact | Sitemap",
    "Accept all cookies",
    "We use cookies to give you the best experience on our site. By going on you agree to our use of cookies.",
    "Subscribe to our newsletter and never miss an update!",
    "Enter your e-mail address",
    "Sign in or create an account",
    "Forgot your password?",
    "Share this page",
    "Click here to read more ...",
    "You may also like these articles",
    "Related posts",
    "Posted in Uncategorized by admin",
    "Leave a comment",
    "0 comments so far",
    "All rights reserved. No part of this site may be reproduced without permission.",
    "Terms of service | Privacy policy",
    "Please turn on JavaScript in your browser to see this page.",
    "Your browser is out of date: update it to use all features of this site.",
    "Add to cart",
    "Free delivery on orders of 50 and more",
    "Previous 1 2 3 4 5 Next",
    "Back to top",
    "Follow us for news and offers",
];

/// Lines of menus and notices, as long as the document was.
pub struct Boilerplate;

impl Boilerplate {
    pub(super) const ABOUT: &str = "lines of menus and notices that no page needs, as long as the document";
}

impl Damage for Boilerplate {
    fn damaged(&self, text: &str, _: &[String], stream: &mut Stream) -> String {
        let mut made = String::with_capacity(text.len() + 200);
        while made.len() < text.len() {
            made.push_str(one_of::<&str>(&LINES, stream));
            made.push('\n');
        }
        made
    }
}
