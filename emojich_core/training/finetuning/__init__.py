"""`emojich finetune`: a bundle learns a style of one's own."""
