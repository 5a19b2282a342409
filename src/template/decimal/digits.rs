//! Whole numbers as decimal digits, most significant first.

use std::cmp::Ordering;

pub(super) fn trimmed(digits: &[u8]) -> &[u8] {
    let leading = digits.iter().take_while(|&&digit| digit == 0).count();
    &digits[leading..]
}

pub(super) fn compare_digits(one: &[u8], two: &[u8]) -> Ordering {
    let (one, two) = (trimmed(one), trimmed(two));
    one.len().cmp(&two.len()).then_with(|| one.cmp(two))
}

pub(super) fn add_digits(one: &[u8], two: &[u8]) -> Vec<u8> {
    let (mut one, mut two) = (one.iter().rev(), two.iter().rev());
    let mut sum = Vec::new();
    let mut carry = 0;
    loop {
        let (a, b) = (one.next(), two.next());
        if a.is_none() && b.is_none() && carry == 0 {
            break;
        }
        let total = a.unwrap_or(&0) + b.unwrap_or(&0) + carry;
        sum.push(total % 10);
        carry = total / 10;
    }
    sum.reverse();
    sum
}

/// `one` is not less than `two`.
pub(super) fn subtract_digits(one: &[u8], two: &[u8]) -> Vec<u8> {
    let mut two = trimmed(two).iter().rev();
    let mut difference = Vec::with_capacity(one.len());
    let mut borrow = 0;
    for &a in one.iter().rev() {
        let b = two.next().unwrap_or(&0) + borrow;
        borrow = u8::from(a < b);
        difference.push(a + 10 * borrow - b);
    }
    difference.reverse();
    difference
}

/// Quotient and remainder of whole numbers, neither with leading zeros.
pub(super) fn divide_digits(number: &[u8], divisor: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut quotient = Vec::new();
    let mut remainder = Vec::new();
    for &digit in number {
        if digit != 0 || !remainder.is_empty() {
            remainder.push(digit);
        }
        let digit = take_out(&mut remainder, divisor);
        if digit != 0 || !quotient.is_empty() {
            quotient.push(digit);
        }
    }
    (quotient, remainder)
}

/// How often `divisor` goes into `remainder`, less than ten times; the rest stays there.
pub(super) fn take_out(remainder: &mut Vec<u8>, divisor: &[u8]) -> u8 {
    let mut times = 0;
    while !remainder.is_empty() && compare_digits(remainder, divisor) != Ordering::Less {
        let rest = subtract_digits(remainder, divisor);
        *remainder = trimmed(&rest).to_vec();
        times += 1;
    }
    times
}
