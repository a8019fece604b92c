-- What was posted can always be taken back, also from where somebody has booked it elsewhere.

update ledger_accounts set may_be_negative = true where kind in ('revenue', 'tax', 'tips');
