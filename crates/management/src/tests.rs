mod calls;
mod items;
mod safety;
mod scene;
mod shares;
