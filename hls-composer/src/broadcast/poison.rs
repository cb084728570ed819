//! Where tests make a task panic as it might by a mistake of ours. Outside of tests this is nothing.

/// What poisons tasks by their names.
#[derive(Clone, Debug, Default)]
pub struct Poison {
    #[cfg(test)]
    taken: tokio::sync::watch::Sender<&'static str>,
}

impl Poison {
    /// The task `name`, as it runs when nobody poisons it.
    #[cfg(not(test))]
    pub fn guard<F: Future>(&self, _name: &'static str, future: F) -> F {
        future
    }

    /// The task `name`, which panics once it is poisoned.
    #[cfg(test)]
    pub fn guard<F: Future>(
        &self,
        name: &'static str,
        future: F,
    ) -> impl Future<Output = F::Output> + use<F> {
        let mut taken = self.taken.subscribe();
        async move {
            let poisoned = async {
                while taken.wait_for(|taken| *taken == name).await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = poisoned => panic!("{name} is poisoned"),
                output = future => output,
            }
        }
    }

    /// The task `name` panics as soon as it runs.
    #[cfg(test)]
    pub fn take(&self, name: &'static str) {
        self.taken.send_replace(name);
    }
}
