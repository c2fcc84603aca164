/// What a text says so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State {
    pub done: usize,
    /// Which wrong answer it leads to.
    pub wrong: Option<usize>,
    pub closed: bool,
    pub waited: bool,
    /// The answer that was given last, with which wrong one it was.
    pub given: Option<Option<usize>>,
}

impl State {
    pub fn of(text: &str) -> Self {
        text.split_whitespace().fold(Self::default(), Self::after)
    }

    pub fn after(mut self, word: &str) -> Self {
        let meant = word.split('#').next().unwrap_or(word);
        let leads = |name: &str| name.strip_prefix("wrong").and_then(|number| number.parse().ok());
        if let Some(answer) = meant.strip_prefix("answer=") {
            return Self {
                given: Some(leads(answer)),
                ..Self::default()
            };
        }
        if let Some(way) = meant.strip_prefix("step=") {
            (self.done, self.wrong) = (self.done + 1, self.wrong.or(leads(way)));
        } else if let Some(way) = meant.strip_prefix("again=") {
            (self.waited, self.wrong) = (false, leads(way));
        } else if meant == "</think>" {
            self.closed = true;
        } else if meant == "Wait" {
            (self.waited, self.closed) = (true, false);
        }
        self
    }
}

/// What an answer or a step is called that is right, or leads to a wrong answer.
pub(super) fn name(wrong: Option<usize>) -> String {
    wrong.map_or_else(|| "right".to_owned(), |number| format!("wrong{number}"))
}
