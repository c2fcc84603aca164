//! Where the main text of a page is: one file, one `mod` line and one line of the registry below for each extractor.

mod readability;
mod trafilatura;

pub use readability::Readability;
pub use trafilatura::{Favour, Trafilatura};

use triaxis_host::guard::guarded;
use triaxis_names::registry;

use crate::{Refused, page};

/// Room for what extractors call within each other: the deepest page takes a quarter of it.
const STACK: usize = 32 << 20;

/// Takes the main text out of pages.
pub(crate) trait Extractor: Sync {
    /// The main text of a page that [`check`](page::check) lets through, as cleaned HTML.
    fn main(&self, html: &str) -> Option<String>;
}

registry! {
    /// How the main text of a page is found.
    pub enum ExtractorSpec by "extractor" as settings: Extractor {
        Trafilatura = "trafilatura",
        Readability = "readability",
    }
}

impl Default for ExtractorSpec {
    fn default() -> Self {
        Self::Trafilatura(Trafilatura::default())
    }
}

impl ExtractorSpec {
    /// The main text of a page: a line a paragraph, heading, row or item of a list. It is empty where the page has none.
    ///
    /// ```
    /// use triaxis_pages::ExtractorSpec;
    /// let words = "The main text of a page is what people come for, and it has sentences. ".repeat(5);
    /// let page = format!("<nav><a href='/'>Home</a></nav><article><h1>Words</h1><p>{words}</p></article>");
    /// let text = ExtractorSpec::default().text(&page).unwrap();
    /// assert_eq!(text, format!("Words\n{}", words.trim()));
    /// ```
    ///
    /// # Errors
    /// Where the page is more than is read, or the extractor broke off.
    pub fn text(&self, html: &str) -> Result<String, Refused> {
        page::check(html)?;
        let extract = || {
            let main = self.settings().main(html);
            main.map(|main| crate::text::of_html(&main)).unwrap_or_default()
        };
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new()
                .name("extractor".to_owned())
                .stack_size(STACK)
                .spawn_scoped(scope, || guarded(extract))
                .map_err(|error| Refused::BrokeOff(format!("no thread could be started: {error}")))?;
            let text = thread
                .join()
                .unwrap_or_else(|_| Err("its thread ended".to_owned()));
            text.map_err(|said| Refused::BrokeOff(format!("a fault of its library ({said})")))
        })
    }
}
