//! Which items of a list can stay where they are while the others move.

/// Given where items stood before, in the order in which they stand now: which of them stay, so that as few as possible
/// have to move. (The longest increasing subsequence.)
pub(super) fn stays(before: &[usize]) -> Vec<bool> {
    // Of all increasing rows of each length: the one that ends lowest, by the place of its last item.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous = vec![None; before.len()];
    for (at, place) in before.iter().enumerate() {
        let length = ends.partition_point(|end| before[*end] < *place);
        previous[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length < ends.len() {
            ends[length] = at;
        } else {
            ends.push(at);
        }
    }
    let mut stays = vec![false; before.len()];
    let mut next = ends.last().copied();
    while let Some(at) = next {
        stays[at] = true;
        next = previous[at];
    }
    stays
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(before: &[usize]) -> Vec<usize> {
        let stays = stays(before);
        before.iter().zip(stays).filter(|(_, stays)| !stays).map(|(place, _)| *place).collect()
    }

    #[test]
    fn only_what_must_move_does() {
        assert_eq!(moved(&[]), Vec::<usize>::new());
        assert_eq!(moved(&[0, 1, 2, 5, 9]), Vec::<usize>::new(), "what went in between moves nobody");
        assert_eq!(moved(&[4, 0, 1, 2, 3, 5]), [4], "one that comes up");
        assert_eq!(moved(&[1, 2, 3, 0, 4]), [0], "one that goes down");
    }

    /// All orders of so many.
    fn orders(n: usize) -> Vec<Vec<usize>> {
        if n == 0 {
            return vec![Vec::new()];
        }
        let put = |order: &Vec<usize>, at: usize| [&order[..at], &[n - 1], &order[at..]].concat();
        orders(n - 1).iter().flat_map(|order| (0..n).map(move |at| put(order, at))).collect()
    }

    #[test]
    fn what_stays_is_in_order_and_no_more_could_stay() {
        for before in orders(6) {
            let stays = stays(&before);
            let kept = |which: &dyn Fn(usize) -> bool| -> Vec<usize> {
                (0..before.len()).filter(|at| which(*at)).map(|at| before[at]).collect()
            };
            let staying = kept(&|at| stays[at]);
            assert!(staying.is_sorted(), "{before:?}: {staying:?}");
            let most = (0_u32..1 << before.len()).map(|set| kept(&|at| set >> at & 1 == 1));
            let most = most.filter(|some| some.is_sorted()).map(|some| some.len()).max();
            assert_eq!(Some(staying.len()), most, "{before:?}: {staying:?}");
        }
    }
}
