use crate::error::RoutingError;

/// A label for each token, given to units of tokens as a whole: a document has a source, a vocabulary's entry a class.
///
/// What tokens of a unit have in common besides their label, routers see as well. So what an expert tells of a label by
/// chance is found by giving the labels to other units, and never to single tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    by: String,
    names: Vec<String>,
    of_unit: Vec<u32>,
    unit_of_token: Vec<u32>,
}

impl Labels {
    /// The labels called `names`, what they say, the label of each unit and the unit of each token.
    ///
    /// # Errors
    /// When a label or a unit is none.
    pub fn new(
        by: &str,
        names: Vec<String>,
        of_unit: Vec<u32>,
        unit_of_token: Vec<u32>,
    ) -> Result<Self, RoutingError> {
        let beyond = |values: &[u32], known: usize| values.iter().any(|&value| value as usize >= known);
        if beyond(&of_unit, names.len()) || beyond(&unit_of_token, of_unit.len()) {
            return Err(RoutingError::new(format!(
                "labels by {by}: a unit has a label beyond the {} there are, or a token a unit beyond {}",
                names.len(),
                of_unit.len()
            )));
        }
        Ok(Self {
            by: by.to_owned(),
            names,
            of_unit,
            unit_of_token,
        })
    }

    /// The same without labels that no token has, and units without tokens.
    #[must_use]
    pub fn compact(self) -> Self {
        let mut unit_places = vec![None; self.of_unit.len()];
        let mut label_places = vec![None; self.names.len()];
        let (mut names, mut of_unit) = (Vec::new(), Vec::new());
        let unit_of_token = self.unit_of_token.iter().map(|&unit| {
            *unit_places[unit as usize].get_or_insert_with(|| {
                let label = self.of_unit[unit as usize] as usize;
                let place = *label_places[label].get_or_insert_with(|| {
                    names.push(self.names[label].clone());
                    names.len() as u32 - 1
                });
                of_unit.push(place);
                of_unit.len() as u32 - 1
            })
        });
        Self {
            unit_of_token: unit_of_token.collect(),
            by: self.by,
            names,
            of_unit,
        }
    }

    /// What the labels say.
    pub fn by(&self) -> &str {
        &self.by
    }

    /// Their names.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The label of each unit.
    pub fn of_units(&self) -> &[u32] {
        &self.of_unit
    }

    /// The unit of each token.
    pub fn units(&self) -> &[u32] {
        &self.unit_of_token
    }
}
