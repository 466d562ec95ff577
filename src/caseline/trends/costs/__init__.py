"""Hours and money: what tickets cost, by what is said to have caused them."""
