//! Indices of planes, checks of views, alignment of buffers.

use super::*;
use crate::test_support::assert_panics;

#[test]
fn rows_and_runs_visit_every_inner_element_once_and_no_halo() {
    for (height, width, channels) in [(1, 1, 1), (2, 3, 4), (5, 1, 3), (1, 7, 16)] {
        for halo in 0..3 {
            let plane = Plane::new(height, width, channels).with_halo(halo);
            let mut seen = vec![0; plane.len()];
            (0..height).flat_map(|y| plane.row(y)).for_each(|i| seen[i] += 1);
            plane.runs().flatten().for_each(|i| seen[i] += 1);
            assert_eq!(seen.iter().filter(|n| **n == 2).count(), plane.inner_len(), "{plane:?}");
            assert!(seen.iter().all(|n| *n == 0 || *n == 2), "{plane:?}");
            assert_eq!(plane.runs().count(), if halo == 0 { 1 } else { height });
            assert_eq!(plane.row(0).start, plane.origin());
            assert!(plane.same_shape(&plane.with_halo(9)), "halos are no part of the shape");
            assert!(!plane.same_shape(&Plane { channels: channels + 1, ..plane }));
        }
    }
}

#[test]
fn views_check_their_lengths_and_iterate_over_whole_images() {
    let plane = Plane::new(2, 2, 3);
    let data: Vec<f32> = (0..36_u8).map(f32::from).collect();
    let firsts: Vec<f32> = Images::new(plane, &data).iter().map(|image| image.data[0]).collect();
    assert_eq!(firsts, [0.0, 12.0, 24.0]);
    let mut copy = data.clone();
    let mut images = ImagesMut::new(plane, &mut copy);
    assert_eq!(images.count(), 3);
    images.iter_mut().for_each(|image| image.data[0] = -1.0);
    assert_eq!([copy[0], copy[12], copy[24]], [-1.0; 3]);
    assert_eq!(Images::from(Image::new(plane, &data[..12])).count(), 1);
    for len in [0, 11, 13] {
        let parts = ["12 elements", &*format!("has {len}")];
        let mut zeros = vec![0.0; len];
        assert_panics(&parts, || {
            let _ = Image::new(plane, &zeros);
        });
        assert_panics(&parts, || {
            let _ = Images::new(plane, &zeros);
        });
        assert_panics(&parts, || {
            let _ = ImageMut::new(plane, &mut zeros);
        });
        assert_panics(&parts, || {
            let _ = ImagesMut::new(plane, &mut zeros);
        });
    }
}

#[test]
fn buffers_are_aligned_keep_their_memory_and_copy_their_content() {
    let mut buffer = Buffer::default();
    assert!(buffer.is_empty());
    for len in [1, 15, 16, 17, 1000, 10] {
        buffer.resize(len);
        assert_eq!((buffer.len(), buffer.as_ptr().addr() % 64), (len, 0));
    }
    buffer.resize(1000);
    buffer[999] = 7.0;
    let address = buffer.as_ptr();
    buffer.resize(3);
    buffer.resize(1000);
    assert_eq!((buffer.as_ptr(), buffer[999]), (address, 7.0), "nothing was allocated or cleared");
    let copy = buffer.clone();
    assert_eq!(copy[..], buffer[..]);
    assert_eq!(copy.as_ptr().addr() % 64, 0);
    buffer.resize(100_000);
    assert!(buffer.iter().all(|x| *x == 0.0), "a buffer that grew is zero");
}

#[test]
fn the_element_of_a_pixel_is_where_the_conventions_say() {
    for halo in 0..3 {
        let plane = Plane::new(3, 4, 5).with_halo(halo);
        // By the definition: rows of `width + 2 halo` pixels, `halo` of them above.
        let index = |y: usize, x: usize, c: usize| ((y + halo) * (4 + 2 * halo) + x + halo) * 5 + c;
        for (y, x, c) in [(0, 0, 0), (2, 3, 4), (1, 2, 3)] {
            assert_eq!(plane.row(y).start + x * plane.channels + c, index(y, x, c), "halo {halo}");
        }
        assert_eq!(plane.origin(), index(0, 0, 0));
        assert_eq!(plane.row_stride(), index(1, 0, 0) - index(0, 0, 0));
        assert_eq!(plane.len(), index(2, 3, 4) + 1 + index(0, 0, 0), "as much halo behind");
        assert_eq!((plane.pixels(), plane.inner_len()), (12, 60));
    }
    assert_eq!(Plane::vector(7), Plane::new(1, 1, 7));
    assert_eq!(Plane::vector(7).with_halo(2).with_halo(0), Plane::vector(7), "halos do not add");
}

#[test]
fn views_of_one_image_are_views_of_several_and_writing_one_leaves_the_others() {
    let plane = Plane::new(1, 2, 2).with_halo(1);
    let mut data = vec![0.0; 3 * plane.len()];
    let mut images = ImagesMut::new(plane, &mut data);
    for (n, image) in (1_u8..).zip(images.iter_mut()) {
        let mut one = ImagesMut::from(image);
        assert_eq!((one.count(), one.plane), (1, plane));
        one.iter_mut().for_each(|image| image.data[plane.row(0)].fill(f32::from(n)));
    }
    let images = Images::new(plane, &data);
    for (n, image) in (1_u8..).zip(images.iter()) {
        let sum: f32 = image.data.iter().sum();
        assert_eq!(sum, 4.0 * f32::from(n), "four inner elements and zeros around them");
        assert_eq!(Images::from(image).iter().next().unwrap().data, image.data);
    }
}

#[test]
fn an_empty_buffer_has_a_slice_and_shrinking_hides_what_growing_shows_again() {
    let mut buffer = Buffer::zeros(0);
    assert_eq!((buffer.len(), buffer.to_vec()), (0, vec![]));
    buffer.resize(8);
    buffer.copy_from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    buffer.resize(2);
    assert_eq!(buffer[..], [1.0, 2.0]);
    assert_eq!(buffer.clone()[..], [1.0, 2.0], "a copy has the visible part only");
    buffer.resize(4);
    assert_eq!(buffer[..], [1.0, 2.0, 3.0, 4.0]);
}
